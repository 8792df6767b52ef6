#!lua flags=allow-oom
-- Lists an active run as due again after the set of due runs, or its entry in it, has vanished. Idempotent. Allowed on a
-- full server: otherwise nobody would take the run over.
--
-- ARGV  none of its own
-- Answers  ok
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind == 'open' and s.holder and not redis.call('ZSCORE', DUE, SESSION) then
  redis.call('ZADD', DUE, int(s.due), SESSION)
end
return { 'ok' }
