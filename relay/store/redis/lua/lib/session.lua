-- A session's state, and the changes that several scripts make to it. Included after base.lua.
local START = '0-0'
local RUN_FIELDS = {
  'run', 'before', 'status', 'attempt', 'holder', 'handovers', 'turns', 'due', 'owner', 'token', 'reset', 'page',
}

-- The end of the log.
local function head_of(s)
  return s.next == 0 and s.sealed or int(s.fence) .. '-' .. int(s.next - 1)
end

-- The name of a key of the session that has vanished (evicted, deleted by hand); nil when all exist. Nothing is written to a
-- session that lacks a key.
local function damage_of(s)
  if head_of(s) ~= s.sealed and redis.call('EXISTS', LOG) == 0 then return 'log' end
  if s.page and redis.call('EXISTS', OPEN_PAGE) == 0 then return 'tail' end
  if s.sealed ~= START and redis.call('EXISTS', TRANSCRIPT) == 0 then return 'transcript' end
  if redis.call('HLEN', IDS) ~= s.ids then return 'ids' end
  if redis.call('HLEN', STEPS) ~= s.steps then return 'steps' end
  if redis.call('HLEN', FEEDBACK) ~= s.rated then return 'feedback' end
  return nil
end

-- Loads the state. Returns open, gone, forgotten, none, or lost when a key has vanished; the state; the vanished key.
local function load()
  local s = { fence = 0, next = 0, sealed = START, bytes = 0, ids = 0, steps = 0, rated = 0 }
  local flat = redis.call('HGETALL', STATE)
  if #flat == 0 then
    if redis.call('EXISTS', LOG, OPEN_PAGE, TRANSCRIPT, IDS, STEPS, FEEDBACK) > 0 then return 'lost', s, 'state' end
    return 'none', s
  end
  for i = 1, #flat, 2 do s[flat[i]] = flat[i + 1] end
  local life = life_of(s.gone, s.expires, s.holder)
  if life ~= 'open' then return life, s end
  for _, name in ipairs({ 'fence', 'next', 'bytes', 'ids', 'steps', 'rated', 'attempt', 'handovers', 'turns', 'due', 'page' }) do
    s[name] = tonumber(s[name])
  end
  local damage = damage_of(s)
  if damage then return 'lost', s, damage end
  return 'open', s
end

-- The next fence: `raiseFence` of relay/store/port-rules.ts. No fence is given twice, not even by a server that lost its
-- newest writes while its clock went back.
local function raised(s, at, random)
  return within_bounds(math.max(s.fence, at) + 1 + tonumber(random))
end

-- Each text as a group of its own.
local function groups_of(texts)
  local groups = {}
  for _, text in ipairs(texts) do
    local n = #groups
    groups[n + 1], groups[n + 2], groups[n + 3] = '1', '', text
  end
  return groups
end

-- Writes the first entries under a new fence and closes the open page. The caller saves fence and next to the state.
local function open_fence(s, fence, prev, texts)
  local id = int(fence)
  if s.page then
    close_page(int(s.fence), s)
    redis.call('HDEL', STATE, 'page')
  end
  for i, text in ipairs(texts) do
    if i == 1 then
      redis.call('XADD', LOG, id .. '-0', 'p', prev, 'd', text)
    else
      redis.call('XADD', LOG, id .. '-' .. int(i - 1), 'd', text)
    end
  end
  s.fence, s.next = fence, #texts
  tell(id, 0, prev, groups_of(texts))
end

-- All keys of a session expire together, but for its state, which says for longer that the session is gone.
local function expire_at(expires)
  redis.call('HSET', STATE, 'expires', int(expires))
  for _, key in ipairs({ LOG, TRANSCRIPT, IDS, FEEDBACK }) do redis.call('PEXPIREAT', key, int(expires - OFFSET)) end
  redis.call('PEXPIREAT', STATE, int(expires + TOMBSTONE_LIFETIMES * TTL - OFFSET))
end

-- Closes the run, whose last entries are written.
local function close_run(s, at)
  redis.call('HDEL', STATE, 'ended', 'reason', unpack(RUN_FIELDS))
  redis.call('HSET', STATE, 'fence', int(s.fence), 'next', int(s.next), 'steps', '0')
  redis.call('DEL', STEPS)
  redis.call('ZREM', DUE, SESSION)
  expire_at(at + TTL)
end

-- Lists the run as due at a time.
local function set_due(due)
  redis.call('HSET', STATE, 'due', int(due))
  redis.call('ZADD', DUE, int(due), SESSION)
end

-- Erases the session and leaves a tombstone.
local function bury(at)
  redis.call('DEL', STATE, LOG, OPEN_PAGE, TRANSCRIPT, IDS, STEPS, FEEDBACK)
  redis.call('ZREM', DUE, SESSION)
  redis.call('HSET', STATE, 'gone', int(at + TOMBSTONE_LIFETIMES * TTL))
  redis.call('PEXPIREAT', STATE, int(at + TOMBSTONE_LIFETIMES * TTL - OFFSET))
  redis.call(ARGV[3], CHANNEL, 'gone')
end

-- Messages that the store writes itself: the same bytes as control-entries.ts makes.
local function metadata(status, run, attempt, at, reset)
  local id = cjson.encode(run)
  return '{"type":"metadata","status":"' .. status .. '","runId":' .. id .. ',"messageId":' .. id .. ',"attempt":'
    .. int(attempt) .. (reset or '') .. ',"at":' .. int(at) .. '}'
end

-- The last two messages of a run that failed.
local function failure(run, attempt, at, problem)
  return {
    '{"type":"error","runId":' .. cjson.encode(run) .. ',"problem":' .. problem .. '}',
    metadata('failed', run, attempt, at),
  }
end
