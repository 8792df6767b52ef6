#!lua
-- Replaces the transcript by one that reaches further, if nobody else has done so since, and drops old entries.
--
-- ARGV  5 cursor that the transcript stood for when it was read  6 cursor that this one stands for
--       7 the transcript  8 entries at and before this cursor may go
-- Answers  ok | stale | lost
-- @include lib/base.lua
-- @include lib/session.lua
local function is_after(a, b)
  local a_fence, a_seq = a:match('^(%d+)%-(%d+)$')
  local b_fence, b_seq = b:match('^(%d+)%-(%d+)$')
  if a_fence ~= b_fence then return tonumber(a_fence) > tonumber(b_fence) end
  return tonumber(a_seq) > tonumber(b_seq)
end

local from, to, transcript, trim = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local kind, s = load()
if kind == 'lost' then return { 'lost' } end
if kind ~= 'open' then return { 'stale' } end
-- Finished runs alone are sealed.
local last = s.holder and s.before or head_of(s)
if from ~= s.sealed or not is_after(to, from) or is_after(to, last) then return { 'stale' } end
-- It may have been read from a log that this server has lost since: of that nothing gets into the one there is now. No
-- fence is given twice, and within a page no entry has an id of its own.
local reaching = redis.call('XRANGE', LOG, to, '+', 'COUNT', 1)[1]
if not reaching or reaching[1]:match('^%d+') ~= to:match('^%d+') then return { 'stale' } end

redis.call('SET', TRANSCRIPT, transcript)
-- Nothing is dropped that the transcript does not hold.
if is_after(trim, to) then trim = to end
local trim_fence, trim_seq = trim:match('^(%d+)%-(%d+)$')
redis.call('XTRIM', LOG, 'MINID', trim_fence .. '-' .. int(tonumber(trim_seq) + 1))
redis.call('HSET', STATE, 'sealed', to, 'bytes', int(#transcript))
if not s.holder then expire_at(now() + TTL) end
return { 'ok' }
