#!lua flags=allow-oom
-- Extends a lease. Idempotent. Allowed on a full server: it takes no room, and no other relay could take over.
--
-- ARGV  5 fence  6 ms of the lease, from now
-- Answers  ok | fenced | closed | none | lost
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind == 'lost' then return { 'lost' } end
if kind ~= 'open' then return { 'none' } end
if not s.holder then return { 'closed' } end
if int(s.fence) ~= ARGV[5] or s.holder ~= 'lease' then return { 'fenced' } end
set_due(now() + tonumber(ARGV[6]))
return { 'ok' }
