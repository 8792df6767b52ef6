#!lua flags=allow-oom
-- Stops the run, erases everything, leaves a tombstone; to a session never written too. Idempotent.
-- Also when the server is full: it makes room.
--
-- Answers  ok
-- @include lib/base.lua
-- @include lib/session.lua
local kind = load()
if kind ~= 'gone' then bury(now()) end
return { 'ok' }
