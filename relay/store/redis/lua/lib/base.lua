-- What every script of a session begins with.
--
-- KEYS  1 state       hash: fence, next, the run, when it all expires; or, of a session that is gone, until when that is known
--       2 log         stream: an entry of it is one of ours, id <fence>-<seq>, field d the text, with seq 0 field p the
--                     cursor before; or a page of deltas that are alike but for their texts, id that of the last, fields
--                     h what all of them begin with, c how many they are, d their texts, with line breaks in between
--       3 tail        string: the page that is being filled, h and d as above with a line break in between; it comes
--                     after the log's last entry, and is there while the state's field page says with which seq it begins
--       4 steps       hash: the journal of the active run
--       5 events      channel; append is given the keys to here, of each of its sessions
--       6 transcript  string
--       7 ids         hash: p:<messageId>, r:<runId>, c:<token>, and what was answered to each
--       8 feedback    hash: what visitors think of replies, by message id
--       9 due         sorted set of all sessions of the partition with an active run: when it is due
-- ARGV  1 ms that are added to the server's clock: 0 but in tests
--       2 ms that a session is kept after its last write; that it is gone is known for twice as long
--       3 PUBLISH, or SPUBLISH on a Cluster
--       4 the session's id
--       5 … the script's own
-- Whatever number is answered is answered as a text: a Lua number would lose its fraction or its last digits.
local STATE, LOG, TAIL, STEPS, CHANNEL, TRANSCRIPT, IDS, FEEDBACK, DUE = unpack(KEYS)
-- The rules of relay/store/port-rules.ts stand here when the script is loaded.
-- @rules
local OFFSET, TTL, SESSION = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4]
-- Stands in no JSON text, neither within strings nor between them.
local SEPARATOR = '\30'
-- Who is told less reads the log: no subscriber's buffer is to fill because of one large batch.
local MAX_PUBLISHED_BYTES = 131072
-- With what a stream needs around it, just below 8 kB, which is what is then taken for it.
local MAX_PAGE_BYTES = 8000

-- Lua's own way to print a number is exact up to 14 digits only.
local function int(number)
  return string.format('%.0f', number)
end

-- Beyond 2^53 - 1 neighbouring numbers are the same: a script that would come there ends before it has written anything.
local function within_bounds(number)
  if number > 9007199254740991 then error({ err = 'RANGE a fence or a seq would lie beyond 2^53 - 1' }) end
  return number
end

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + OFFSET
end

-- Is a session open, gone, or is it so long gone that even that is to be forgotten? An active run never expires.
local function life_of(gone_until, expires, holder)
  if not gone_until then
    if holder then return 'open' end
    local at = now()
    if tonumber(expires) > at then return 'open' end
    gone_until = tonumber(expires) + TOMBSTONE_LIFETIMES * TTL
  end
  return tonumber(gone_until) > now() and 'gone' or 'forgotten'
end

-- Tells who follows the session: what stands in `groups`, or of it from `first` to `last`, is written, from `seq` on. A
-- group is three texts: how many entries it is of, what they all begin with (empty: it is one entry, which is the third),
-- and their texts.
local function tell(fence, seq, prev, groups, first, last)
  first, last = first or 1, last or #groups
  local size = 0
  for i = first, last do size = size + #groups[i] end
  local payload = 'unsure'
  if size <= MAX_PUBLISHED_BYTES then
    payload = table.concat({ 'entries', fence, int(seq), prev, table.concat(groups, SEPARATOR, first, last) }, SEPARATOR)
  end
  redis.call(ARGV[3], CHANNEL, payload)
end

-- Adds to the log: a page, or one entry when there is no `head`. The stream is there since the prompt was accepted;
-- false when it has vanished.
local function add(fence, s, count, head, text)
  local id = fence .. '-' .. int(s.next + count - 1)
  local added
  if head == '' then
    added = redis.call('XADD', LOG, 'NOMKSTREAM', id, 'd', text)
  else
    added = redis.call('XADD', LOG, 'NOMKSTREAM', id, 'h', head, 'c', int(count), 'd', text)
  end
  s.next = s.next + count
  return added
end

-- The page that is being filled, if one is, goes to the log. False when it, or the log, has vanished.
local function close_page(fence, s)
  if not s.page then return true end
  local tail = redis.call('GET', TAIL)
  if not tail then return false end
  local head_end = tail:find('\n', 1, true)
  local count = s.next - s.page
  s.next, s.page = s.page, nil
  redis.call('DEL', TAIL)
  return add(fence, s, count, tail:sub(1, head_end - 1), tail:sub(head_end + 1))
end

-- Writes entries that come next. False when a key has vanished.
local function write(fence, s, count, head, text)
  if s.page then
    if head ~= '' and redis.call('GETRANGE', TAIL, 0, #head) == head .. '\n' then
      s.next = s.next + count
      if redis.call('APPEND', TAIL, '\n' .. text) >= MAX_PAGE_BYTES then return close_page(fence, s) end
      return true
    end
    if not close_page(fence, s) then return false end
  end
  if head == '' or #text >= MAX_PAGE_BYTES then return add(fence, s, count, head, text) end
  redis.call('SET', TAIL, head .. '\n' .. text)
  s.page, s.next = s.next, s.next + count
  return true
end

-- Writes groups that come next, those from `first` to `last`. False when a key has vanished.
local function write_groups(fence, s, groups, first, last)
  for i = first, last, 3 do
    if not write(fence, s, tonumber(groups[i]), groups[i + 1], groups[i + 2]) then return false end
  end
  return true
end
