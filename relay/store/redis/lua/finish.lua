#!lua
-- Adds the last entries of a run and closes it, in one go.
--
-- ARGV  5 fence  6 seq of the first entry  7 how many entries there are, at least one  8 … in groups: see tell in base.lua
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
-- Behind is as wrong as ahead: the run is open, so these are not the entries that stand there.
if seq ~= s.next then return { 'gap', int(s.next) } end

within_bounds(seq + count)
-- The log is there, and so is the page: `load` has looked.
write_groups(fence, s, ARGV, FIRST, #ARGV)
close_page(fence, s)
tell(fence, seq, '', ARGV, FIRST, #ARGV)
close_run(s, now())
return { 'ok', int(s.next), int(seq) }
