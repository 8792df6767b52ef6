#!lua flags=allow-oom
-- Gives a run back, to be due after a while. Also when the server is full: it takes no room.
--
-- ARGV  5 fence  6 ms until it is due  7 hand-over or retry  8 channel: who listens there takes over what is due at once
-- Answers  ok | fenced | closed | none | lost
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind == 'lost' then return { 'lost' } end
if kind ~= 'open' then return { 'none' } end
if not s.holder then return { 'closed' } end
if int(s.fence) ~= ARGV[5] or s.holder == 'nobody' then return { 'fenced' } end
-- The same release again: what it did stands.
if s.holder ~= 'lease' then return { 'ok' } end
local handovers = s.handovers + (ARGV[7] == 'hand-over' and 1 or 0)
redis.call('HSET', STATE, 'holder', ARGV[7], 'handovers', int(handovers))
set_due(now() + tonumber(ARGV[6]))
-- It would be found by the next look of another relay as well, some seconds later.
if ARGV[7] == 'hand-over' and tonumber(ARGV[6]) == 0 then redis.call(ARGV[3], ARGV[8], '') end
return { 'ok' }
