--- Tells every reader of a sale to read the whole hall again: a version that skips one, and a move
-- without seats.
return function(nowMs)
  local version = redis.call('HINCRBY', keys.meta, 'version', 2)
  redis.call('XADD', keys['seat.moved'], '*', 'payload', string.format(
    '{"type":"restored","sale":"%s","epoch":%s,"version":%d,"orderId":"","uid":"","to":"0",'
      .. '"atMs":%.0f,"seats":[],"reason":"announce"}',
    args.sale, redis.call('HGET', keys.epoch, 'epoch') or '0', version, nowMs))
end
