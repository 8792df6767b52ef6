#!lua flags=no-writes
-- Sessions with a due run.
--
-- KEYS  the due sets of some partitions: of all but on a Cluster, where they lie on different servers
-- ARGV  1 ms that are added to the server's clock: 0 but in tests  2 how many of each set at most
-- Answers  session id, due time, session id, due time …; the oldest of each set first
local time = redis.call('TIME')
local at = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local answer = {}
for _, key in ipairs(KEYS) do
  local due = redis.call('ZRANGE', key, '-inf', string.format('%.0f', at), 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
  for _, text in ipairs(due) do answer[#answer + 1] = text end
end
return answer
