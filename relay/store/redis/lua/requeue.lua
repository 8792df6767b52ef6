#!lua flags=allow-oom
-- Lists an active run as due again, when the set that said so has vanished.
--
-- Answers  ok
-- @include lib/base.lua
-- @include lib/session.lua
local kind, s = load()
if kind == 'open' and s.holder and not redis.call('ZSCORE', DUE, SESSION) then
  redis.call('ZADD', DUE, int(s.due), SESSION)
end
return { 'ok' }
