#!lua
-- Can the store be written to? A script that a full server refuses, as it refuses prompts.
--
-- KEYS  1 a key for nothing else
-- Answers  ok
redis.call('SET', KEYS[1], '1', 'PX', 60000)
return { 'ok' }
