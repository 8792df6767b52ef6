#!lua flags=no-writes
-- Reads the log after a cursor, or the transcript and the log after it. One consistent view of one moment.
--
-- ARGV  5 cursor, exclusive; empty to begin with the transcript  6 entries at most  7 characters after which to stop
-- Answers  exact, head, run id, status, attempt, 1 when the run is not listed as due (see requeue.lua), entries
--          | snapshot, the same six …, transcript, the cursor it stands for, feedback as message id, text …
--          | empty | forgotten (its tombstone has expired) | gone | lost
--          Run id, status and attempt are empty when no run is active. Entries are entries or pages, as XRANGE gives them.
--          The first page may begin at or before the cursor, and the last one may go beyond the limit.
-- @include lib/base.lua
-- @include lib/session.lua
local after, limit, max_length = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
-- Pages read at a time. A page may hold some hundred entries, so few are read at first.
local FIRST_PAGES, MORE_PAGES = 8, 64
local kind, s = load()
if kind == 'none' then return { 'empty' } end
if kind ~= 'open' then return { kind } end

local function place_of(cursor)
  local fence, seq = cursor:match('^(%d+)%-(%d+)$')
  return fence, tonumber(seq)
end

-- Number of entries in a page; 1 for a single entry.
local function size_of(entry)
  local fields = entry[2]
  return #fields == 6 and tonumber(fields[4]) or 1
end

-- The open page, in the form of an entry of the log; nil when it has nothing after the cursor.
local function open_page_after(fence, seq)
  if not s.page or tonumber(fence) > s.fence or (fence == int(s.fence) and seq >= s.next - 1) then return nil end
  local page = redis.call('GET', OPEN_PAGE)
  local head_end = page:find('\n', 1, true)
  return {
    int(s.fence) .. '-' .. int(s.next - 1),
    { 'h', page:sub(1, head_end - 1), 'c', int(s.next - s.page), 'd', page:sub(head_end + 1) },
  }
end

local function entries_after(cursor)
  local fence, seq = place_of(cursor)
  local entries, count, length, from, most = {}, 0, 0, '(' .. cursor, FIRST_PAGES
  while count < limit do
    local asked = math.min(limit - count, most)
    most = MORE_PAGES
    local some = redis.call('XRANGE', LOG, from, '+', 'COUNT', asked)
    for _, entry in ipairs(some) do
      local size = size_of(entry)
      if #entries == 0 then
        local at_fence, at_seq = place_of(entry[1])
        if at_fence == fence then size = math.min(size, at_seq - seq) end
      end
      entries[#entries + 1] = entry
      count = count + size
      length = length + #entry[2][#entry[2]]
      from = '(' .. entry[1]
      if count >= limit or length >= max_length then return entries end
    end
    if #some < asked then
      entries[#entries + 1] = open_page_after(fence, seq)
      return entries
    end
  end
  return entries
end

-- Does the entry continue the cursor? Within a fence it has the next seq; the first of a fence names the cursor before it.
local function follows(cursor, entry)
  local fence, last = place_of(entry[1])
  if last == 0 then return entry[2][2] == cursor end
  local at_fence, at_seq = place_of(cursor)
  return fence == at_fence and last - size_of(entry) <= at_seq and at_seq < last
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
