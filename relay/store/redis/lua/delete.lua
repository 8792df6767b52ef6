#!lua flags=allow-oom
-- Stops the run, erases everything and leaves a tombstone, also for a session that was never written. Idempotent.
-- Allowed on a full server: it makes room.
--
-- ARGV  none of its own
-- Answers  ok
-- @include lib/base.lua
-- @include lib/session.lua
local kind = load()
if kind ~= 'gone' then bury(now()) end
return { 'ok' }
