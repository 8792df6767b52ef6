#!lua
-- Revokes every share of the session made so far.
--
-- ARGV  none of its own
-- Answers  ok | none | gone | lost
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind == 'gone' or kind == 'lost' then return { kind } end
if kind ~= 'open' then return { 'none' } end

redis.call('HINCRBY', STATE, 'revoked', 1)
if not s.holder then expire_at(now() + TTL) end
redis.call(ARGV[3], CHANNEL, 'unsure')
return { 'ok' }
