#!lua
-- Claims the due run of a session: raises the fence, writes the entry that says so and gives a lease. Idempotent by the
-- token. A run without attempts left, or whose takeover is `fail`, is closed instead.
--
-- ARGV  5 token  6 random bits for the fence  7 owner  8 ms of the lease  9 attempts at most
--       10 restart, continue or fail  11 with continue: the cursor up to which the partial reply was read
--       12 the problem attempts-exhausted  13 the problem interrupted, as JSON texts
-- Answers  lease, fence, run id, attempt, next, head, turns, reset (1 or 0), name and result of each journaled step …
--          | owned, due | closed | none | ended, reason | lost
-- @include lib/base.lua
-- @include lib/session.lua
local token, random, owner, lease_ms = ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])

local function lease(s)
  local answer = {
    'lease', int(s.fence), s.run, int(s.attempt), int(s.next), head_of(s), int(s.turns), s.reset,
  }
  for _, text in ipairs(redis.call('HGETALL', STEPS)) do answer[#answer + 1] = text end
  return answer
end

local kind, s = load()
if kind == 'lost' then return { 'lost' } end
if kind ~= 'open' then
  -- The session is gone and its run is still listed: stop listing it.
  redis.call('ZREM', DUE, SESSION)
  return { 'none' }
end
if not s.holder then
  if s.ended == token then return { 'ended', s.reason } end
  return { 'closed' }
end
if s.holder ~= 'nobody' and s.token == token then
  -- A late copy of a claim must not take back a run that its lease has released since.
  if s.holder == 'lease' then return lease(s) end
  return { 'owned', int(s.due) }
end
local at = now()
if s.due > at then return { 'owned', int(s.due) } end

-- An expired lease counts as an attempt, and so does every release that was not planned.
local attempt = s.attempt
local first = s.holder == 'nobody'
if not first and (s.holder ~= 'hand-over' or s.handovers > MAX_HAND_OVERS) then attempt = attempt + 1 end
local reason = nil
if attempt > tonumber(ARGV[9]) then
  reason = 'attempts-exhausted'
elseif ARGV[10] == 'fail' and (s.holder == 'lease' or s.holder == 'hand-over') then
  -- After a retry, which the workflow itself asked for, nothing was interrupted.
  reason = 'interrupted'
end
local fence = raised(s, at, random)
local before = head_of(s)
if reason then
  local problem = reason == 'interrupted' and ARGV[13] or ARGV[12]
  open_fence(s, fence, before, failure(s.run, s.attempt, at, problem))
  close_run(s, at)
  redis.call('HSET', STATE, 'ended', token, 'reason', reason)
  return { 'ended', reason }
end

local reset = not (ARGV[10] == 'continue' and ARGV[11] == before)
local status = first and 'started' or 'restarted'
local fields = ''
if not first and reset then fields = ',"reset":true,"steps":' .. int(s.turns) end
open_fence(s, fence, before, { metadata(status, s.run, attempt, at, fields) })
s.attempt, s.reset = attempt, (first or reset) and '1' or '0'
redis.call('HSET', STATE,
  'fence', int(s.fence), 'next', int(s.next), 'status', status, 'attempt', int(attempt), 'holder', 'lease',
  'owner', owner, 'token', token, 'reset', s.reset)
set_due(at + lease_ms)
return lease(s)
