#!lua flags=no-writes
-- The log after a cursor, or the transcript and what follows it: one consistent view, whatever is written meanwhile.
--
-- ARGV  5 cursor, exclusive; or empty to begin with the transcript  6 entries at most
-- Answers  exact, head, run id, status, attempt, 1 when the run is not listed as due (see requeue.lua), entries
--          | snapshot, the same …, transcript, cursor that it stands for,
--            feedback as message id, text …
--          | empty | forgotten (it was there, and even that was to be forgotten by now) | gone | lost
--          The run's three are empty when none is active. An entry is id and fields as XRANGE gives them.
-- @include lib/base.lua
-- @include lib/session.lua
local after, limit = ARGV[5], ARGV[6]
local kind, s = load()
if kind == 'none' then return { 'empty' } end
if kind ~= 'open' then return { kind } end

local function entries_after(cursor)
  return redis.call('XRANGE', LOG, '(' .. cursor, '+', 'COUNT', limit)
end

-- Within a fence the next number, else the first of a fence that names the cursor it comes after.
local function follows(cursor, entry)
  local fence, seq = entry[1]:match('^(%d+)%-(%d+)$')
  if seq == '0' then return entry[2][2] == cursor end
  local at_fence, at_seq = cursor:match('^(%d+)%-(%d+)$')
  return fence == at_fence and tonumber(seq) == tonumber(at_seq) + 1
end

local head = head_of(s)
local unlisted = s.holder and not redis.call('ZSCORE', DUE, SESSION)
local answer = {
  'exact', head, s.run or '', s.status or '', s.attempt and int(s.attempt) or '', unlisted and '1' or '0', {},
}
if after ~= '' then
  local entries = entries_after(after)
  local continues = after == head
  if #entries > 0 then continues = follows(after, entries[1]) end
  if continues then
    answer[7] = entries
    return answer
  end
end
answer[1] = 'snapshot'
answer[7] = entries_after(s.sealed)
answer[8] = redis.call('GET', TRANSCRIPT) or '[]'
answer[9] = s.sealed
answer[10] = redis.call('HGETALL', FEEDBACK)
return answer
