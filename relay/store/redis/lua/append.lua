#!lua
-- Adds entries to the logs of active runs, and journals the steps that end with them, for all sessions that are written to
-- in one tick: beginning a script costs more than its work for one session. Idempotent by fence and seq.
--
-- KEYS  the first five of base.lua's, for each session
-- ARGV  4 unused  5 … for each session: fence, seq of the first entry, number of entries (0 when only a step ends), 1 when a
--       step ends, its name, its result, its turns (empty: unchanged), number of texts in the groups that follow, the
--       entries in groups (see tell in base.lua)
-- Answers  for each session: ok, next, seq of the first entry that was new | duplicate, next | gap, next
--          | fenced | closed | none | lost (a key of the session has vanished: see lose.lua)
--          | failed, error (nothing is known of this session; the other answers stand)
--
-- Runs once for each batch of tokens, so it reads five fields only. Other damage is found by scripts that run about once a
-- second. The expiry is not checked, since an active run lifts it.
-- @include lib/base.lua
local HEADER, OWN_KEYS = 8, 5

-- ARGV[first..last] without the first `known` entries, which are written already.
local function without_known(known, first, last)
  local rest = {}
  for i = first, last, 3 do
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

-- Appends to the session whose arguments begin at `at` and whose groups end at `last`.
local function append(at, last)
  local fence, seq, count = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local has_step, step, result, turns = ARGV[at + 3] == '1', ARGV[at + 4], ARGV[at + 5], ARGV[at + 6]
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
  -- The run was given back: what was written before stands, and nothing more is written.
  if holder ~= 'lease' then return { 'fenced' } end
  if seq > next_seq then return { 'gap', int(next_seq) } end

  within_bounds(seq + count)
  local s = { next = next_seq, page = tonumber(fields[5] or '') }
  local page = s.page
  if seq + count > next_seq then
    local groups, first = ARGV, at + HEADER
    if seq < next_seq then
      groups = without_known(next_seq - seq, first, last)
      first, last = 1, #groups
    end
    if not write_groups(fence, s, groups, first, last) then return { 'lost' } end
    if s.page == page then
      redis.call('HSET', STATE, 'next', int(s.next))
    else
      redis.call('HSET', STATE, 'next', int(s.next), 'page', s.page and int(s.page) or '')
    end
    tell(fence, next_seq, '', groups, first, last)
  end
  if is_new_step then
    redis.call('HSET', STEPS, step, result)
    redis.call('HINCRBY', STATE, 'steps', 1)
    if turns ~= '' and turns ~= fields[4] then redis.call('HSET', STATE, 'turns', turns) end
  end
  return { 'ok', int(s.next), int(next_seq) }
end

local answers, at = {}, 5
for key = 1, #KEYS, OWN_KEYS do
  STATE, LOG, OPEN_PAGE, STEPS, CHANNEL = KEYS[key], KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], KEYS[key + 4]
  local last = at + HEADER - 1 + tonumber(ARGV[at + HEADER - 1])
  -- A session whose keys are damaged must not fail the others.
  local done, answer = pcall(append, at, last)
  answers[#answers + 1] = done and answer or { 'failed', type(answer) == 'table' and answer.err or tostring(answer) }
  at = last + 1
end
return answers
