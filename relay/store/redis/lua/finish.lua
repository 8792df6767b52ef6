#!lua
-- Adds the last entries of a run and closes it, in one write. Idempotent by fence and seq.
--
-- ARGV  5 fence  6 seq of the first entry  7 number of entries, at least 1  8 … the entries in groups (see tell in base.lua)
-- Answers  ok, next, seq of the first | duplicate, next | gap, next | fenced | closed | none | lost
-- @include lib/base.lua
-- @include lib/session.lua
local fence, seq = ARGV[5], tonumber(ARGV[6])
local count = tonumber(ARGV[7])
local FIRST = 8

local kind, s = load()
if kind == 'lost' then return { 'lost' } end
if kind ~= 'open' then return { 'none' } end
if not s.holder then
  if int(s.fence) == fence and seq + count <= s.next then return { 'duplicate', int(s.next) } end
  return { 'closed' }
end
if int(s.fence) ~= fence or s.holder ~= 'lease' then return { 'fenced' } end
-- An overlap is refused too: as the run is open, the entries there are not these.
if seq ~= s.next then return { 'gap', int(s.next) } end

within_bounds(seq + count)
-- Cannot fail: `load` has seen the log and the open page.
write_groups(fence, s, ARGV, FIRST, #ARGV)
close_page(fence, s)
tell(fence, seq, '', ARGV, FIRST, #ARGV)
close_run(s, now())
return { 'ok', int(s.next), int(seq) }
