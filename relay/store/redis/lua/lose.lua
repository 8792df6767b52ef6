#!lua flags=allow-oom
-- Repairs a session of which a key has vanished (evicted, deleted by hand). Readers are told, and the active run ends as
-- `stream-lost`. The session goes on with what is left: without its log with the transcript, without its open page with the
-- entries before it, without its feedback with no ratings. Without its state, its transcript or its ids it is gone.
-- Idempotent. Allowed on a full server, since nothing else can be done with the session until it is repaired.
--
-- ARGV  5 random bits for the fence  6 the problem stream-lost, as a JSON text
-- Answers  the key that had vanished: state | log | tail | transcript | ids | steps | feedback; or nothing
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s, damage = load()
if kind ~= 'lost' then return { 'nothing' } end
local at = now()

if damage == 'state' then
  -- The log's last entry says which run it was, so that its followers can be told.
  local last = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
  if last then
    local fields = last[2]
    -- The head of a page is a delta without its text and its end.
    local readable, message = pcall(cjson.decode, #fields == 6 and fields[2] .. '"}}' or fields[#fields])
    s.fence = tonumber(last[1]:match('^%d+'))
    local run = readable and type(message) == 'table' and message.runId
    if type(run) == 'string' then
      tell(int(raised(s, at, ARGV[5])), 0, last[1], groups_of(failure(run, 1, at, ARGV[6])))
    end
  end
  bury(at)
  return { damage }
end

if damage == 'feedback' then
  redis.call('HSET', STATE, 'rated', int(redis.call('HLEN', FEEDBACK)))
  redis.call(ARGV[3], CHANNEL, 'feedback')
  return { damage }
end
local fence = raised(s, at, ARGV[5])
local last_words = s.holder and failure(s.run, s.attempt, at, ARGV[6])
if damage == 'transcript' or damage == 'ids' then
  if last_words then tell(int(fence), 0, head_of(s), groups_of(last_words)) end
  bury(at)
  return { damage }
end
-- Without its log, the session continues after the transcript; without its open page, after the log's last entry. Readers
-- that had seen more get a snapshot.
if damage == 'tail' then s.next = s.page end
if damage == 'log' then redis.call('DEL', OPEN_PAGE) end
if damage == 'tail' or damage == 'log' then s.page = nil end
local prev = head_of(s)
if damage == 'log' then prev = s.sealed end
if last_words and damage == 'log' then
  -- The entries that began the run are gone with the log: they are written again, so that a fold shows the problem.
  table.insert(last_words, 1, metadata('queued', s.run, s.attempt, at))
  table.insert(last_words, 2, metadata('started', s.run, s.attempt, at))
end
if last_words then
  open_fence(s, fence, prev, last_words)
else
  s.next = 0
  redis.call(ARGV[3], CHANNEL, 'unsure')
end
close_run(s, at)
return { damage }
