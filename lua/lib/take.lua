--- The writes of `lock` and `best`, once nothing can refuse any more: the seats, who holds them,
-- until when, what is left, and the message, all in this script or not at all.
local segment = require 'lib.segment'
local flag = require 'lib.flag'
local format, concat = string.format, table.concat

local LOCKED = '1'

--- The picks as JSON, their sum, and how many of each tier.
local function priced(keys, picks)
  local parts, amountFen, ofTier, tiers = {}, 0, {}, {}
  for i = 1, #picks do
    local pick = picks[i]
    local tier = tiers[pick.tier]
    if not tier then
      tier = redis.call('HMGET', keys.tiers, 'name:' .. pick.tier, 'price:' .. pick.tier)
      tiers[pick.tier] = tier
    end
    parts[i] = '{"seat":' .. pick.seat .. ',"label":"' .. pick.label .. '","tier":"' .. tier[1]
      .. '","priceFen":' .. tier[2] .. '}'
    amountFen = amountFen + tier[2]
    ofTier[pick.tier] = (ofTier[pick.tier] or 0) + 1
  end
  return '[' .. concat(parts, ',') .. ']', format('%.0f', amountFen), ofTier
end

--- Marks and owners of the picks, stretch by stretch.
local function own(keys, picks, rows, orderId)
  local owners = {}
  for i = 1, #picks do
    local seat = picks[i].seat
    owners[2 * i - 1], owners[2 * i] = seat, orderId
    segment.mark(rows[picks[i].segment], seat, seat, LOCKED)
  end
  for _, row in pairs(rows) do
    if row.to > 0 then segment.write(keys, row, true) end
  end
  redis.call('HSET', keys.owners, unpack(owners))
end

--- Gives the picks to the buyer. `rows` has the loaded segment of every pick, by its index.
-- @return the reply
return function(keys, args, sale, picks, rows)
  local seats, amountFen, ofTier = priced(keys, picks)
  local deadlineMs = format('%.0f', sale.nowMs + sale.lockMs)
  local adjacent = picks[#picks].seat - picks[1].seat == #picks - 1
  local said = '"orderId":"' .. args.orderId .. '","uid":"' .. args.uid .. '","seats":' .. seats
    .. ',"amountFen":' .. amountFen .. ',"deadlineMs":' .. deadlineMs
    .. ',"version":' .. sale.version
  local hold = '{"state":"LOCKED",' .. said .. ',"adjacent":' .. tostring(adjacent) .. '}'

  own(keys, picks, rows, args.orderId)
  redis.call('HSET', keys.holds, args.orderId, hold)
  redis.call('HINCRBY', keys.buyers, args.uid, #picks)
  redis.call('ZADD', keys.deadlines, deadlineMs, args.orderId)
  sale.left = sale.left - #picks
  redis.call('HSET', keys.meta, 'version', sale.version, 'left', sale.left)
  for tier, count in pairs(ofTier) do
    redis.call('HINCRBY', keys.meta, 'left:' .. tier, -count)
  end
  if sale.left == 0 then flag(keys, args.sale, sale) end
  if args.request ~= '' then
    redis.call('HSET', keys.requests, args.request, args.fingerprint .. ' ' .. args.orderId)
  end
  redis.call('XADD', keys.seatMoved, '*', 'payload', '{"type":"locked","sale":"' .. args.sale
    .. '","epoch":' .. sale.epoch .. ',"to":"1","atMs":' .. format('%.0f', sale.nowMs) .. ','
    .. said .. ',"seatsPerBuyerMax":' .. sale.seatsPerBuyerMax
    .. ',"requestId":"' .. args.requestId .. '"}',
    'headers', args.headers)
  return { 'OK', hold }
end
