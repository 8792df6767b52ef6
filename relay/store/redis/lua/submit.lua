#!lua
-- Accepts a prompt: writes its entries under a new fence and makes its run due. Idempotent by the message id.
--
-- ARGV  5 random bits for the fence  6 message id  7 hash  8 run id  9 cursor that the log is expected to end with, or empty
--       10 1 to make every check and write nothing  11 bytes of a transcript from which on the session is full
--       12 … texts of the entries, at least one
-- Answers  ok, cursor before the first entry, fence (empty when nothing was written) | same, cursor, run id
--          | mismatch | active, run id | moved | full | gone | lost
-- @include lib/base.lua
-- @include lib/session.lua
local random, message, hash, run, expected = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local BEFORE = 11

local kind, s = load()
if kind == 'gone' or kind == 'lost' then return { kind } end
if kind == 'open' then
  local known = redis.call('HGET', IDS, 'p:' .. message)
  if known then
    local cursor, known_run, known_hash = known:match('^(.-)\30(.-)\30(.*)$')
    if known_hash == hash then return { 'same', cursor, known_run } end
    return { 'mismatch' }
  end
  -- The assistant's message has its run's id, and a message id must be unique in its conversation.
  if redis.call('HEXISTS', IDS, 'r:' .. message) == 1 then return { 'mismatch' } end
  if s.holder then return { 'active', s.run } end
  if s.bytes >= tonumber(ARGV[11]) then return { 'full' } end
else
  s = { fence = 0, next = 0, sealed = START, ids = 0 }
end
local before = head_of(s)
if expected ~= '' and expected ~= before then return { 'moved' } end
if ARGV[10] == '1' then return { 'ok', before, '' } end

local at = now()
local fence = raised(s, at, random)
if kind == 'open' then
  for _, key in ipairs({ STATE, LOG, TRANSCRIPT, IDS, FEEDBACK }) do redis.call('PERSIST', key) end
  redis.call('HDEL', STATE, 'expires', 'ended', 'reason')
else
  redis.call('DEL', STATE, LOG, OPEN_PAGE, TRANSCRIPT, IDS, STEPS, FEEDBACK)
  redis.call('HSET', STATE, 'sealed', START, 'bytes', '0', 'steps', '0', 'rated', '0')
end
local texts = {}
for i = BEFORE + 1, #ARGV do texts[i - BEFORE] = ARGV[i] end
open_fence(s, fence, before, texts)
redis.call('HSET', IDS, 'p:' .. message, before .. SEPARATOR .. run .. SEPARATOR .. hash, 'r:' .. run, '1')
redis.call('HSET', STATE,
  'fence', int(s.fence), 'next', int(s.next), 'ids', int(redis.call('HLEN', IDS)),
  'run', run, 'before', before, 'status', 'queued', 'attempt', '1', 'holder', 'nobody', 'handovers', '0', 'turns', '0',
  'owner', '', 'token', '', 'reset', '1')
set_due(at)
return { 'ok', before, int(s.fence) }
