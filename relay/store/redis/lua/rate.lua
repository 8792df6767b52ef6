#!lua
-- Keeps the rating of a reply. No fence is raised and no cursor moves. Idempotent.
--
-- ARGV  5 message id  6 1 to keep a rating, 0 to take it back  7 the rating, a JSON text
-- Answers  ok | unknown | active | none | gone | lost
-- @include lib/base.lua
-- @include lib/session.lua
local message, feedback = ARGV[5], ARGV[7]
local kind, s = load()
if kind == 'gone' or kind == 'lost' then return { kind } end
if kind ~= 'open' then return { 'none' } end
if redis.call('HEXISTS', IDS, 'r:' .. message) == 0 then return { 'unknown' } end
if s.run == message then return { 'active' } end

if ARGV[6] == '1' then
  redis.call('HSET', FEEDBACK, message, feedback)
else
  redis.call('HDEL', FEEDBACK, message)
end
redis.call('HSET', STATE, 'rated', int(redis.call('HLEN', FEEDBACK)))
if not s.holder then expire_at(now() + TTL) end
redis.call(ARGV[3], CHANNEL, 'feedback')
return { 'ok' }
