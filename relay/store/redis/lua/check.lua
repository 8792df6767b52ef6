#!lua
-- Writes a key, to find out whether the store can be written to. A full server refuses it, as it refuses prompts.
--
-- KEYS  1 a key used for nothing else
-- ARGV  none
-- Answers  ok
redis.call('SET', KEYS[1], '1', 'PX', 60000)
return { 'ok' }
