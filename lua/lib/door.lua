--- What `lock` and `best` ask before they look at a seat: has this request been answered, is this
-- the Redis the sale was opened on, is the sale open, may this buyer have so many.
local clock = require 'lib.clock'

local door = {}

--- The answer that this request already got, or nil. Whatever became of the order, it stays.
local function answered(keys, args)
  if args.request ~= '' then
    local seen = redis.call('HGET', keys.requests, args.request)
    if seen then
      local fingerprint, orderId = string.match(seen, '^(%S+) (%S+)$')
      if fingerprint ~= args.fingerprint then return { 'IDEMPOTENCY_CONFLICT' } end
      return { 'OK', redis.call('HGET', keys.holds, orderId) }
    end
  end
  -- The same orderId again is a call repeated by the connection, not by the buyer.
  local hold = redis.call('HGET', keys.holds, args.orderId)
  if hold then return { 'OK', hold } end
end

local function closed(sale)
  if sale.switch == 'CLOSED' or sale.nowMs >= sale.closesAtMs then return { 'SALE_CLOSED' } end
  if sale.switch == 'PAUSED' then return { 'SALE_PAUSED' } end
  if sale.nowMs < sale.opensAtMs then
    return { 'SALE_NOT_OPEN', string.format('%.0f', sale.opensAtMs) }
  end
end

--- @return what the moves need to know of the sale, or nil and the reply that refuses
function door.enter(keys, args)
  local nowMs = clock(args.nowMs)
  local reply = answered(keys, args)
  if reply then return nil, reply end

  local run = redis.call('HMGET', keys.epoch, 'runId', 'epoch')
  if run[1] ~= args.runId then return nil, { 'ARBITER_AWAY' } end

  local meta = redis.call('HMGET', keys.meta, 'switch', 'version', 'left', 'opensAtMs',
    'closesAtMs', 'reservationClosesAtMs', 'seatsPerBuyerMax', 'lockMs', 'span', 'planWidth')
  if not meta[1] then return nil, { 'NOT_FOUND' } end
  local sale = {
    nowMs = nowMs,
    epoch = run[2],
    switch = meta[1],
    version = meta[2] + 1,
    left = tonumber(meta[3]),
    opensAtMs = tonumber(meta[4]),
    closesAtMs = tonumber(meta[5]),
    reservationClosesAtMs = meta[6],
    seatsPerBuyerMax = tonumber(meta[7]),
    lockMs = tonumber(meta[8]),
    span = tonumber(meta[9]),
    planWidth = tonumber(meta[10]),
  }
  reply = closed(sale)
  if reply then return nil, reply end

  local held = tonumber(redis.call('HGET', keys.buyers, args.uid) or 0)
  if held + args.count > sale.seatsPerBuyerMax then
    return nil, { 'LIMIT_REACHED', string.format('{"limit":%d,"held":%d}', meta[7], held) }
  end
  return sale
end

return door
