-- Ends one step: checks that all it has read is still so, then writes everything. Nothing is written before the last
-- check has passed, and no write can fail by then: every key that is written was read as the type it is.
--
-- KEYS: the tenant's generation, its clock, its count of steps, then the records' keys.
-- ARGV: the generation, the least count, the call's time, the latest time that it may be (both may be empty);
-- how many checks, members, writes and lives follow; then these, naming keys by their place in KEYS:
--   checks: key, field or '', '-' for nothing or '+' and the value
--   members: key of a set, member
--   writes: key, field or '', '-' to remove or '+' and the value, milliseconds to live or ''
--   lives: key, milliseconds to live
-- Answers {0, count}: written; {1, n}: check n has failed, 0 being the clock's; {2, 0 or 1}: the generation is absent
-- or another; {3, count}: steps are missing.

local generation = redis.call('GET', KEYS[1])
if generation ~= ARGV[1] then
  return {2, generation and 1 or 0}
end
local count = redis.call('GET', KEYS[3]) or '0'
if #count > 15 or not string.match(count, '^%d+$') then
  return redis.error_reply('ERR the count of steps is no number')
end
if tonumber(count) < tonumber(ARGV[2]) then
  return {3, tonumber(count)}
end
local latest = redis.call('GET', KEYS[2])
if latest and (#latest ~= 22 or not string.match(latest, '^%d+$')) then
  return redis.error_reply('ERR the latest time is no time')
end
if ARGV[4] ~= '' and latest and latest > ARGV[4] then
  return {1, 0}
end

local at = 8
local function take()
  at = at + 1
  return ARGV[at]
end
local function key()
  return KEYS[tonumber(take())]
end

for i = 1, tonumber(ARGV[5]) do
  local name, field, expected = key(), take(), take()
  local found
  if field == '' then
    found = redis.call('GET', name)
  else
    found = redis.call('HGET', name, field)
  end
  if (found and '+' .. found or '-') ~= expected then
    return {1, i}
  end
end

local members = {}
for i = 1, tonumber(ARGV[6]) do
  local name, member = key(), take()
  if redis.call('SISMEMBER', name, member) == 0 then
    members[#members + 1] = {name, member}
  end
end
for _, new in ipairs(members) do
  redis.call('SADD', new[1], new[2])
end

local writes = tonumber(ARGV[7])
for i = 1, writes do
  local name, field, value, life = key(), take(), take(), take()
  if value == '-' then
    if field == '' then
      redis.call('DEL', name)
    else
      redis.call('HDEL', name, field)
    end
  elseif field ~= '' then
    redis.call('HSET', name, field, string.sub(value, 2))
  elseif life == '' then
    redis.call('SET', name, string.sub(value, 2))
  else
    redis.call('SET', name, string.sub(value, 2), 'PX', life)
  end
end
for i = 1, tonumber(ARGV[8]) do
  local name, life = key(), take()
  redis.call('PEXPIRE', name, life)
end

local later = ARGV[3] ~= '' and (not latest or latest < ARGV[3])
if later then
  redis.call('SET', KEYS[2], ARGV[3])
end
-- Every call counts, also one that is only answered again: whoever waits for replicas waits for this.
if ARGV[3] ~= '' or writes > 0 then
  return {0, redis.call('INCR', KEYS[3])}
end
return {0, tonumber(count)}
