-- Keeps the store's generation, the name of everything that is in it. It is absent where the server was emptied, and
-- 'lost' once a gateway has noticed that some of the past is missing; only 'reset' leaves that state.
--
-- KEYS: the store's generation; for 'adopt' and 'lose' also a tenant's. ARGV: what to do, and a generation.
-- Answers the store's generation as it is then, '' if there is none.

local what, mine = ARGV[1], ARGV[2]
local found = redis.call('GET', KEYS[1])

if what == 'make' then
  -- A server without a generation gets this one.
  if not found then
    redis.call('SET', KEYS[1], mine)
    found = mine
  end
elseif what == 'reset' then
  -- So does one that has lost the past.
  if not found or found == 'lost' then
    redis.call('SET', KEYS[1], mine)
    found = mine
  end
elseif what == 'adopt' then
  -- A tenant that this gateway knows nothing of begins in the generation, if that is still the store's.
  if found == mine then
    redis.call('SET', KEYS[2], mine)
  end
elseif what == 'lose' then
  -- Something is missing that was there: nobody else shall go on with what is left. A generation that was made since
  -- is none of this gateway's business.
  if not found or found == mine then
    redis.call('SET', KEYS[1], 'lost')
    redis.call('SET', KEYS[2], 'lost')
    found = 'lost'
  end
end
return found or ''
