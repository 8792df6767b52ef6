#!lua flags=allow-oom
-- Closes the active run under a new fence with `metadata cancelled`. Idempotent by the token.
-- Allowed on a full server: it takes two hundred bytes, and ends a run that would take more.
--
-- ARGV  5 token  6 random bits for the fence  7 run id, or empty for any
-- Answers  ok, run id | none | gone | lost
-- @include lib/base.lua
-- @include lib/session.lua
local token, random, wanted = ARGV[5], ARGV[6], ARGV[7]
local kind, s = load()
if kind == 'gone' or kind == 'lost' then return { kind } end
if kind ~= 'open' then return { 'none' } end
local known = redis.call('HGET', IDS, 'c:' .. token)
if known then return { 'ok', known } end
if not s.holder or (wanted ~= '' and wanted ~= s.run) then return { 'none' } end

local at = now()
open_fence(s, raised(s, at, random), head_of(s), { metadata('cancelled', s.run, s.attempt, at) })
redis.call('HSET', IDS, 'c:' .. token, s.run)
redis.call('HSET', STATE, 'ids', int(redis.call('HLEN', IDS)))
close_run(s, at)
return { 'ok', s.run }
