#!lua
-- Adds entries to the log of the active run, and journals the step that ends with them.
--
-- ARGV  5 fence  6 seq of the first entry
--       7 1 when a step ends  8 its name  9 its result  10 turns, or empty to leave them
--       11 … the entries' texts; there may be none when only a step ends
-- Answers  ok, next, the seq of the first entry that was new | duplicate, next | gap, next
--          | fenced | closed | none | lost (a key of the session has vanished: see lose.lua)
--
-- This runs once for each batch of tokens, so it reads four fields and no more: what else may be amiss is found by the
-- scripts that run by the second. The expiry needs no look, for a run lifts it.
-- @include lib/base.lua
local fence, seq = ARGV[5], tonumber(ARGV[6])
local has_step, step, result, turns = ARGV[7] == '1', ARGV[8], ARGV[9], ARGV[10]
local BEFORE = 10
local count = #ARGV - BEFORE

local s = redis.call('HMGET', STATE, 'fence', 'next', 'holder', 'turns')
local holder, next_seq = s[3], tonumber(s[2] or 0)
local landed = s[1] == fence and seq + count <= next_seq

if not holder then
  local rest = redis.call('HMGET', STATE, 'gone', 'expires')
  if not rest[1] and not rest[2] then
    return { redis.call('EXISTS', LOG) == 1 and 'lost' or 'none' }
  end
  if life_of(rest[1], rest[2], holder) ~= 'open' then return { 'none' } end
  if landed then return { 'duplicate', int(next_seq) } end
  return { 'closed' }
end
if s[1] ~= fence or holder == 'nobody' then return { 'fenced' } end

local is_new_step = has_step and redis.call('HEXISTS', STEPS, step) == 0
if landed and not is_new_step and (count > 0 or has_step) then return { 'duplicate', int(next_seq) } end
-- Given back: what it wrote before stands, and it writes no more.
if holder ~= 'lease' then return { 'fenced' } end
if seq > next_seq then return { 'gap', int(next_seq) } end

local first = next_seq - seq + 1
within_bounds(seq + count)
for i = first, count do
  -- The stream is there since the prompt was accepted. Only the first of them can find out that it is not.
  local added = redis.call('XADD', LOG, 'NOMKSTREAM', fence .. '-' .. int(seq + i - 1), 'd', ARGV[BEFORE + i])
  if not added then return { 'lost' } end
end
local added_next = next_seq
if first <= count then
  added_next = seq + count
  redis.call('HSET', STATE, 'next', int(added_next))
  tell(fence, next_seq, '', ARGV, BEFORE + first, BEFORE + count)
end
if is_new_step then
  redis.call('HSET', STEPS, step, result)
  redis.call('HINCRBY', STATE, 'steps', 1)
  if turns ~= '' and turns ~= s[4] then redis.call('HSET', STATE, 'turns', turns) end
end
return { 'ok', int(added_next), int(next_seq) }
