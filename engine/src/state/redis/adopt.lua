-- Lets a tenant that has no records yet begin in the store's generation.
-- KEYS: the store's generation, the tenant's. ARGV: the generation that is expected. Answers 1, or 0 if it is another.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('SET', KEYS[2], ARGV[1])
end
return redis.call('GET', KEYS[2]) == ARGV[1] and 1 or 0
