-- The beginning of every script of a session: its keys, its common arguments, and writing to its log.
--
-- KEYS  1 state       hash: fence, next, the active run, expiry; for a session that is gone, when that is forgotten
--       2 log         stream. An entry is one of ours: id <fence>-<seq>, field d its text, with seq 0 field p the cursor
--                     before it. Or it is a page of deltas that differ only in their texts: id of the last one, fields h
--                     their common beginning, c their number, d their texts, joined by line breaks
--       3 tail        string: the open page, which new deltas are added to, as h, a line break and d. It comes after the
--                     log's last entry, and exists while the state's field page holds the seq of its first delta
--       4 steps       hash: the journal of the active run
--       5 events      channel. append.lua is given the keys up to here, for each of its sessions
--       6 transcript  string
--       7 ids         hash: p:<messageId>, r:<runId> and c:<token>, each with the answer that was given
--       8 feedback    hash: ratings by message id
--       9 due         sorted set: the partition's sessions with an active run, by the time it is due
-- ARGV  1 ms to add to the server's clock: 0 except in tests
--       2 ms that a session is kept after its last write
--       3 PUBLISH, or SPUBLISH on a Cluster
--       4 session id
--       5 … arguments of the script
-- Numbers are answered as texts: Redis cuts a Lua number to an integer, and Lua prints 14 digits only.
local STATE, LOG, OPEN_PAGE, STEPS, CHANNEL, TRANSCRIPT, IDS, FEEDBACK, DUE = unpack(KEYS)
-- The rules of relay/store/port-rules.ts stand here when the script is loaded.
-- @rules
local OFFSET, TTL, SESSION = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4]
-- Cannot occur in JSON, neither within strings nor between them.
local SEPARATOR = '\30'
-- Larger batches are published as `unsure`; followers then read the log. Keeps subscribers' output buffers small.
local MAX_PUBLISHED_BYTES = 131072
-- With the stream's overhead a page then takes just under 8 kB, one size class of the allocator.
local MAX_PAGE_BYTES = 8000

-- A whole number as text. Lua's own conversion keeps 14 digits only.
local function int(number)
  return string.format('%.0f', number)
end

-- Numbers above 2^53 - 1 are not exact: a script that would store one ends before it has written anything.
local function within_bounds(number)
  if number > 9007199254740991 then error({ err = 'RANGE a fence or a seq would lie beyond 2^53 - 1' }) end
  return number
end

-- The store's clock, ms since the epoch.
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + OFFSET
end

-- open, gone, or forgotten (its tombstone has expired too). A session with an active run never expires.
local function life_of(gone_until, expires, holder)
  if not gone_until then
    if holder then return 'open' end
    local at = now()
    if tonumber(expires) > at then return 'open' end
    gone_until = tonumber(expires) + TOMBSTONE_LIFETIMES * TTL
  end
  return tonumber(gone_until) > now() and 'gone' or 'forgotten'
end

-- Tells followers of entries that were written from `seq` on: groups[first..last], all groups by default. A group is three
-- texts: the number of entries, their common beginning (empty: a single entry, which is the third text), and their texts,
-- joined by line breaks.
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

-- Adds a page to the log, or a single entry when `head` is empty. The stream exists since the prompt was accepted; returns
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

-- Moves the open page, if there is one, to the log. Returns false when it, or the log, has vanished.
local function close_page(fence, s)
  if not s.page then return true end
  local page = redis.call('GET', OPEN_PAGE)
  if not page then return false end
  local head_end = page:find('\n', 1, true)
  local count = s.next - s.page
  s.next, s.page = s.page, nil
  redis.call('DEL', OPEN_PAGE)
  return add(fence, s, count, page:sub(1, head_end - 1), page:sub(head_end + 1))
end

-- Writes the next entries: to the open page if they fit into it, else to a new page or the log. Returns false when a key
-- has vanished.
local function write(fence, s, count, head, text)
  if s.page then
    if head ~= '' and redis.call('GETRANGE', OPEN_PAGE, 0, #head) == head .. '\n' then
      s.next = s.next + count
      if redis.call('APPEND', OPEN_PAGE, '\n' .. text) >= MAX_PAGE_BYTES then return close_page(fence, s) end
      return true
    end
    if not close_page(fence, s) then return false end
  end
  if head == '' or #text >= MAX_PAGE_BYTES then return add(fence, s, count, head, text) end
  redis.call('SET', OPEN_PAGE, head .. '\n' .. text)
  s.page, s.next = s.next, s.next + count
  return true
end

-- Writes the next groups, groups[first..last]. Returns false when a key has vanished.
local function write_groups(fence, s, groups, first, last)
  for i = first, last, 3 do
    if not write(fence, s, tonumber(groups[i]), groups[i + 1], groups[i + 2]) then return false end
  end
  return true
end
