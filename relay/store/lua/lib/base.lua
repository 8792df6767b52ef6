-- What every script of a session begins with.
--
-- KEYS  1 state       hash: fence, next, the run, when it all expires; or, of a session that is gone, until when that is known
--       2 log         stream: one entry each, id <fence>-<seq>, field d the text, with seq 0 field p the cursor before
--       3 transcript  string
--       4 ids         hash: p:<messageId>, r:<runId>, c:<token>, and what was answered to each
--       5 steps       hash: the journal of the active run
--       6 feedback    hash: what visitors think of replies, by message id
--       7 due         sorted set of all sessions of the partition with an active run: when it is due
--       8 events      channel
-- ARGV  1 ms that are added to the server's clock: 0 but in tests
--       2 ms that a session is kept after its last write; that it is gone is known for twice as long
--       3 PUBLISH, or SPUBLISH on a Cluster
--       4 the session's id
--       5 … the script's own
-- Whatever number is answered is answered as a text: a Lua number would lose its fraction or its last digits.
local STATE, LOG, TRANSCRIPT, IDS, STEPS, FEEDBACK, DUE, CHANNEL = unpack(KEYS)
local OFFSET, TTL, SESSION = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4]
-- Stands in no JSON text, neither within strings nor between them.
local SEPARATOR = '\30'
-- Who is told less reads the log: no subscriber's buffer is to fill because of one large batch.
local MAX_PUBLISHED_BYTES = 131072

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
    gone_until = tonumber(expires) + 2 * TTL
  end
  return tonumber(gone_until) > now() and 'gone' or 'forgotten'
end

-- Tells who follows the session: entries `first` to `last` of `texts` are written, from `seq` on.
local function tell(fence, seq, prev, texts, first, last)
  local size = 0
  for i = first, last do size = size + #texts[i] end
  local payload = 'unsure'
  if size <= MAX_PUBLISHED_BYTES then
    payload = table.concat({ 'entries', fence, int(seq), prev, table.concat(texts, SEPARATOR, first, last) }, SEPARATOR)
  end
  redis.call(ARGV[3], CHANNEL, payload)
end
