#!lua flags=no-writes
-- Lists sessions with a due run, and answers when the next run becomes due.
--
-- KEYS  due sets of some partitions: of all, except on a Cluster, where they lie on different servers
-- ARGV  1 ms to add to the server's clock: 0 except in tests  2 sessions of each set, at most
-- Answers  ms until the next run becomes due (empty: there is none), then
--          session id and due time of each due run …, the oldest of each set first
local time = redis.call('TIME')
local at = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local now = string.format('%.0f', at)
local answer = { '' }
local next_due = math.huge
for _, key in ipairs(KEYS) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  -- Mostly nothing is due, and the first item of a set is its next run.
  if first[2] and tonumber(first[2]) <= at then
    local due = redis.call('ZRANGE', key, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
    for _, text in ipairs(due) do answer[#answer + 1] = text end
    first = redis.call('ZRANGE', key, '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  end
  if first[2] then next_due = math.min(next_due, tonumber(first[2])) end
end
if next_due < math.huge then answer[1] = string.format('%.0f', next_due - at) end
return answer
