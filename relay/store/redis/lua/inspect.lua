#!lua flags=no-writes
-- Answers what is kept of a session, for inspection, without any text of the conversation.
--
-- ARGV  none of its own
-- Answers  nothing when there is no such session, else: the store's clock; the state as name, value …;
--          the log as fence, number of entries, first seq, last seq, prev or empty …; names of the journaled steps
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind ~= 'open' and kind ~= 'lost' then return {} end
local log, from = {}, '-'

-- Adds entries to the item of their fence.
local function note(fence, first, last, prev)
  local n = #log
  if log[n - 4] == fence then
    log[n - 3], log[n - 1] = int(tonumber(log[n - 3]) + last - first + 1), int(last)
  else
    log[n + 1], log[n + 2], log[n + 3], log[n + 4] = fence, int(last - first + 1), int(first), int(last)
    log[n + 5] = prev
  end
end

while true do
  local entries = redis.call('XRANGE', LOG, from, '+', 'COUNT', 1000)
  for _, entry in ipairs(entries) do
    local fence, last = entry[1]:match('^(%d+)%-(%d+)$')
    local fields = entry[2]
    local first = tonumber(last) - (#fields == 6 and tonumber(fields[4]) or 1) + 1
    note(fence, first, tonumber(last), last == '0' and fields[2] or '')
    from = '(' .. entry[1]
  end
  if #entries < 1000 then break end
end
if s.page then note(int(s.fence), s.page, s.next - 1, '') end
return { int(now()), redis.call('HGETALL', STATE), log, redis.call('HKEYS', STEPS) }
