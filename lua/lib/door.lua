--- What `lock` and `best` ask before they look at a seat: has this request been answered, is this
-- the Redis the sale was opened on, is the sale open, may this buyer have so many.

--- The answer a request with this key already got, or nil. Whatever became of the order, it stays.
local function answered(keys, args)
  local seen = redis.call('HGET', keys.requests, args.request)
  if not seen then return nil end
  local fingerprint, orderId = string.match(seen, '^(%S+) (%S+)$')
  if fingerprint ~= args.fingerprint then return { 'IDEMPOTENCY_CONFLICT' } end
  return { 'OK', redis.call('HGET', keys.holds, orderId) }
end

--- The word for a sale that is not open at this moment.
local function closed(switch, nowMs, opensAtMs, closesAtMs)
  if switch == 'CLOSED' or nowMs >= tonumber(closesAtMs) then return { 'SALE_CLOSED' } end
  if switch == 'PAUSED' then return { 'SALE_PAUSED' } end
  if nowMs < tonumber(opensAtMs) then return { 'SALE_NOT_OPEN', opensAtMs } end
end

--- @return what the moves need to know of the sale, or nil and the reply that refuses
return function(keys, args, nowMs)
  if args.request ~= '' then
    local reply = answered(keys, args)
    if reply then return nil, reply end
  end
  local run = redis.call('HMGET', keys.epoch, 'runId', 'epoch')
  if run[1] ~= args.runId then return nil, { 'ARBITER_AWAY' } end

  local meta = redis.call('HMGET', keys.meta, 'switch', 'version', 'left', 'opensAtMs',
    'closesAtMs', 'seatsPerBuyerMax', 'lockMs', 'planWidth', 'segmentWidth')
  local switch, max = meta[1], meta[6]
  if not switch then return nil, { 'NOT_FOUND' } end
  local reply = closed(switch, nowMs, meta[4], meta[5])
  if reply then return nil, reply end

  local held = redis.call('HGET', keys.buyers, args.uid) or 0
  if held + args.count > tonumber(max) then
    return nil, { 'LIMIT_REACHED', '{"limit":' .. max .. ',"held":' .. held .. '}' }
  end
  return {
    nowMs = nowMs, epoch = run[2], version = meta[2] + 1, left = tonumber(meta[3]), held = held,
    seatsPerBuyerMax = max, lockMs = meta[7], planWidth = meta[8], segmentWidth = meta[9],
  }
end
