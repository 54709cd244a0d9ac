--- The answer that a request with this Idempotency-Key already got, or nil. Whatever became of the
-- order, it stays; a key that comes with another body is refused.
return function()
  local seen = redis.call('HGET', keys.requests, args.request)
  if not seen then return nil end
  local fingerprint, orderId = string.match(seen, '^(%S+) (%S+)$')
  if fingerprint ~= args.fingerprint then return { 'IDEMPOTENCY_CONFLICT' } end
  return { 'OK', redis.call('HGET', keys.holds, orderId) }
end
