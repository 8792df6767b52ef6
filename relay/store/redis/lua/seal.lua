#!lua
-- Replaces the transcript by one that reaches further, if nobody has done so since it was read, and trims the log.
--
-- ARGV  5 cursor that the transcript stood for when it was read  6 cursor that the new one stands for
--       7 new transcript  8 cursor up to which entries may be trimmed
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
-- Only finished runs are sealed.
local last = s.holder and s.before or head_of(s)
if from ~= s.sealed or not is_after(to, from) or is_after(to, last) then return { 'stale' } end
-- The transcript may have been folded from a log that this server has lost since: then the fence of `to` is not in the log.
-- The fence is compared alone, since entries within a page have no ids of their own.
local reaching = redis.call('XRANGE', LOG, to, '+', 'COUNT', 1)[1]
if not reaching or reaching[1]:match('^%d+') ~= to:match('^%d+') then return { 'stale' } end

redis.call('SET', TRANSCRIPT, transcript)
-- Nothing is dropped that is not in the transcript.
if is_after(trim, to) then trim = to end
local trim_fence, trim_seq = trim:match('^(%d+)%-(%d+)$')
redis.call('XTRIM', LOG, 'MINID', trim_fence .. '-' .. int(tonumber(trim_seq) + 1))
redis.call('HSET', STATE, 'sealed', to, 'bytes', int(#transcript))
if not s.holder then expire_at(now() + TTL) end
return { 'ok' }
