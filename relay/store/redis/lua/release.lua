#!lua flags=allow-oom
-- Gives a run back; it is due again after a delay. Idempotent. Allowed on a full server: it takes no room.
--
-- ARGV  5 fence  6 ms until the run is due  7 hand-over or retry  8 channel for hints about runs that are due at once
-- Answers  ok | fenced | closed | none | lost
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind == 'lost' then return { 'lost' } end
if kind ~= 'open' then return { 'none' } end
if not s.holder then return { 'closed' } end
if int(s.fence) ~= ARGV[5] or s.holder == 'nobody' then return { 'fenced' } end
-- The same release again.
if s.holder ~= 'lease' then return { 'ok' } end
local handovers = s.handovers + (ARGV[7] == 'hand-over' and 1 or 0)
redis.call('HSET', STATE, 'holder', ARGV[7], 'handovers', int(handovers))
set_due(now() + tonumber(ARGV[6]))
-- Without the hint another relay finds it with its next poll, up to some seconds later.
if ARGV[7] == 'hand-over' and tonumber(ARGV[6]) == 0 then redis.call(ARGV[3], ARGV[8], '') end
return { 'ok' }
