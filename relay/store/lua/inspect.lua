#!lua flags=no-writes
-- What is kept of a session, for people who look; no text of the conversation.
--
-- Answers  nothing when there is none, else: the store's clock; state as name, value …;
--          log as fence, entries, first seq, last seq, prev or empty …; names of the steps that have finished
-- @include lib/base.lua
-- @include lib/session.lua
local kind = load()
if kind ~= 'open' and kind ~= 'lost' then return {} end
local log, from = {}, '-'
while true do
  local entries = redis.call('XRANGE', LOG, from, '+', 'COUNT', 1000)
  for _, entry in ipairs(entries) do
    local fence, seq = entry[1]:match('^(%d+)%-(%d+)$')
    local n = #log
    if log[n - 4] == fence then
      log[n - 3], log[n - 1] = int(tonumber(log[n - 3]) + 1), seq
    else
      log[n + 1], log[n + 2], log[n + 3], log[n + 4] = fence, '1', seq, seq
      log[n + 5] = seq == '0' and entry[2][2] or ''
    end
    from = '(' .. entry[1]
  end
  if #entries < 1000 then break end
end
return { int(now()), redis.call('HGETALL', STATE), log, redis.call('HKEYS', STEPS) }
