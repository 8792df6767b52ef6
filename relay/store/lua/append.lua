#!lua
-- Adds entries to the log of the active run, and journals the step that ends with them.
--
-- KEYS  the first five, which are all it touches
-- ARGV  5 fence  6 seq of the first entry  7 how many entries there are; there may be none when only a step ends
--       8 1 when a step ends  9 its name  10 its result  11 turns, or empty to leave them
--       12 … the entries, in groups: see tell in base.lua
-- Answers  ok, next, the seq of the first entry that was new | duplicate, next | gap, next
--          | fenced | closed | none | lost (a key of the session has vanished: see lose.lua)
--
-- This runs once for each batch of tokens, so it reads five fields and no more: what else may be amiss is found by the
-- scripts that run by the second. The expiry needs no look, for a run lifts it.
-- @include lib/base.lua
local fence, seq = ARGV[5], tonumber(ARGV[6])
local count = tonumber(ARGV[7])
local has_step, step, result, turns = ARGV[8] == '1', ARGV[9], ARGV[10], ARGV[11]
local FIRST = 12

-- The groups without the first `known` of their entries, which are written already.
local function without_known(known)
  local rest = {}
  for i = FIRST, #ARGV, 3 do
    local size, text, from = tonumber(ARGV[i]), ARGV[i + 2], 1
    if known < size then
      for _ = 1, known do from = text:find('\n', from, true) + 1 end
      local n = #rest
      rest[n + 1], rest[n + 2], rest[n + 3] = int(size - known), ARGV[i + 1], text:sub(from)
      known = 0
    else
      known = known - size
    end
  end
  return rest
end

local fields = redis.call('HMGET', STATE, 'fence', 'next', 'holder', 'turns', 'page')
local holder, next_seq = fields[3], tonumber(fields[2] or 0)
local landed = fields[1] == fence and seq + count <= next_seq

if not holder then
  local rest = redis.call('HMGET', STATE, 'gone', 'expires')
  if not rest[1] and not rest[2] then
    return { redis.call('EXISTS', LOG) == 1 and 'lost' or 'none' }
  end
  if life_of(rest[1], rest[2], holder) ~= 'open' then return { 'none' } end
  if landed then return { 'duplicate', int(next_seq) } end
  return { 'closed' }
end
if fields[1] ~= fence or holder == 'nobody' then return { 'fenced' } end

local is_new_step = has_step and redis.call('HEXISTS', STEPS, step) == 0
if landed and not is_new_step and (count > 0 or has_step) then return { 'duplicate', int(next_seq) } end
-- Given back: what it wrote before stands, and it writes no more.
if holder ~= 'lease' then return { 'fenced' } end
if seq > next_seq then return { 'gap', int(next_seq) } end

within_bounds(seq + count)
local s = { next = next_seq, page = tonumber(fields[5] or '') }
local page = s.page
if seq + count > next_seq then
  local groups, first = ARGV, FIRST
  if seq < next_seq then groups, first = without_known(next_seq - seq), 1 end
  if not write_groups(fence, s, groups, first) then return { 'lost' } end
  if s.page == page then
    redis.call('HSET', STATE, 'next', int(s.next))
  else
    redis.call('HSET', STATE, 'next', int(s.next), 'page', s.page and int(s.page) or '')
  end
  tell(fence, next_seq, '', groups, first)
end
if is_new_step then
  redis.call('HSET', STEPS, step, result)
  redis.call('HINCRBY', STATE, 'steps', 1)
  if turns ~= '' and turns ~= fields[4] then redis.call('HSET', STATE, 'turns', turns) end
end
return { 'ok', int(s.next), int(next_seq) }
