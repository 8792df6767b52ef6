#!lua flags=allow-oom
-- A key of the session has vanished (evicted, deleted by hand): that is said to whoever reads, and never passed over.
-- The active run ends as `stream-lost`. What can be told by what is left goes on: without its log a conversation is its
-- transcript, without the page that was being filled what came before, and without its feedback it has none. Without its state, its transcript or the ids it has answered it is gone. Idempotent.
--
-- ARGV  5 random  6 the problem stream-lost, as a JSON text
-- Answers  what had vanished: state | log | tail | transcript | ids | steps | feedback; or nothing
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s, damage = load()
if kind ~= 'lost' then return { 'nothing' } end
local at = now()

if damage == 'state' then
  -- The log's last entry says which run it was, and whom to address.
  local last = redis.call('XREVRANGE', LOG, '+', '-', 'COUNT', 1)[1]
  if last then
    local fields = last[2]
    -- A page's head is all of a delta but its text and its end.
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
-- What came after the transcript is gone with the log: a new one continues it there. Gone with a page is what stood in
-- it: what comes next continues the entry before, and whoever had seen more is given what there is.
if damage == 'tail' then s.next = s.page end
if damage == 'log' then redis.call('DEL', TAIL) end
if damage == 'tail' or damage == 'log' then s.page = nil end
local prev = head_of(s)
if damage == 'log' then prev = s.sealed end
if last_words and damage == 'log' then
  -- With the log went what made the reply, and a fold knows nothing of the run: it is made again, to bear the problem.
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
