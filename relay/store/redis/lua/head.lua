#!lua flags=no-writes
-- Answers where the log ends and which run is active.
--
-- ARGV  none of its own
-- Answers  open, head, run id, status, attempt, 1 when the run is not listed as due (see requeue.lua),
--          how often shares were revoked
--          | empty | forgotten | gone | lost
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind == 'none' then return { 'empty' } end
if kind ~= 'open' then return { kind } end
local unlisted = s.holder and not redis.call('ZSCORE', DUE, SESSION)
return { 'open', head_of(s), s.run or '', s.status or '', s.attempt and int(s.attempt) or '', unlisted and '1' or '0', s.revoked or '0' }
