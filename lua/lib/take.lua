--- The writes of `lock` and `best`, once nothing can refuse any more: the seats, who holds them,
-- until when, what is left, and the message, all in this script or not at all.
local row = require 'lib.row'

--- Puts every pick into its segment. @return the picks as JSON, and their sum
local function priced(picks)
  local json, amountFen = '[', 0
  for i = 1, #picks do
    local pick = picks[i]
    local segment = pick.segment
    if segment.count == 0 then segment.tier, segment.priceFen, segment.ends = row.said(segment) end
    row.add(segment, pick.seat)
    json = json .. (i == 1 and '{"seat":' or ',{"seat":') .. pick.seat .. ',"label":"' .. pick.label
      .. segment.ends
    amountFen = amountFen + segment.priceFen
  end
  return json .. ']', amountFen
end

local function own(keys, picks, orderId)
  local owners = {}
  for i = 1, #picks do owners[2 * i - 1], owners[2 * i] = picks[i].seat, orderId end
  redis.call('HSET', keys.owners, unpack(owners))
end

--- Gives the picks, which ascend, to the buyer. `rows` has their segments.
-- @return the reply
return function(keys, args, sale, picks, rows)
  local count, uid, orderId = #picks, args.uid, args.orderId
  local seats, amountFen = priced(picks)
  local deadlineMs = (sale.nowMs + sale.lockMs) .. ''
  local said = '"orderId":"' .. orderId .. '","uid":"' .. uid .. '","seats":' .. seats
    .. ',"amountFen":' .. amountFen .. ',"deadlineMs":' .. deadlineMs
    .. ',"version":' .. sale.version
  local adjacent = picks[count].seat - picks[1].seat == count - 1
  local hold = '{"state":"LOCKED",' .. said .. (adjacent and ',"adjacent":true}'
    or ',"adjacent":false}')
  sale.left = sale.left - count

  for _, segment in pairs(rows) do
    if segment.count > 0 then
      row.write(keys, segment, '1', true)
      redis.call('HINCRBY', keys.meta, 'left:' .. segment.tier, -segment.count)
    end
  end
  own(keys, picks, orderId)
  redis.call('HSET', keys.holds, orderId, hold)
  redis.call('HSET', keys.buyers, uid, sale.held + count)
  redis.call('ZADD', keys.deadlines, deadlineMs, orderId)
  redis.call('HSET', keys.meta, 'version', sale.version, 'left', sale.left)
  if args.request ~= '' then
    redis.call('HSET', keys.requests, args.request, args.fingerprint .. ' ' .. orderId)
  end
  redis.call('XADD', keys.seatMoved, '*', 'payload', '{"type":"locked","sale":"' .. args.sale
    .. '","epoch":' .. sale.epoch .. ',"to":"1","atMs":' .. sale.nowMs .. ',' .. said
    .. ',"seatsPerBuyerMax":' .. sale.seatsPerBuyerMax .. ',"requestId":"' .. args.requestId
    .. '"}', 'headers', args.headers)
  if sale.left == 0 then
    local flag = require 'lib.flag'
    flag(keys, args.sale)
  end
  return { 'OK', hold }
end
