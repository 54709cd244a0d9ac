--- The writes of `lock` and `best`, once nothing can refuse any more: the seats, who holds them,
-- until when, what is left, and the message, all in this script or not at all.
local mark = require 'lib.mark'
local format = string.format

--- Gives the seats in `pieces` to the buyer.
-- @param seats their numbers, ascending, `texts` the same in decimal; `rows` the rows of the
-- pieces; `nowText` is `nowMs` in decimal
-- @return the reply
return function(seats, texts, pieces, rows, nowMs, nowText, epoch, max, lockMs)
  local orderId, json, amountFen = args.orderId, pieces[1].json, pieces[1].amountFen
  for i = 2, #pieces do
    json, amountFen = json .. ',' .. pieces[i].json, amountFen + pieces[i].amountFen
  end
  local owners = { texts[1], orderId }
  for i = 2, #texts do owners[2 * i - 1], owners[2 * i] = texts[i], orderId end
  local deadlineMs = format('%d', nowMs + lockMs)
  local version = format('%d', redis.call('HINCRBY', keys.meta, 'version', 1))
  local said = '"orderId":"' .. orderId .. '","uid":"' .. args.uid .. '","seats":[' .. json
    .. '],"amountFen":' .. format('%d', amountFen) .. ',"deadlineMs":' .. deadlineMs
    .. ',"version":' .. version .. ','
  local adjacent = seats[#seats] - seats[1] == #seats - 1 and 'true}' or 'false}'
  local hold = '{"state":"LOCKED",' .. said .. '"adjacent":' .. adjacent

  local flips = mark(pieces, rows, '1', -1)
  redis.call('HSET', keys.owners, unpack(owners))
  redis.call('HSET', keys.holds, orderId, hold)
  redis.call('HINCRBY', keys.buyers, args.uid, args.count)
  redis.call('ZADD', keys.deadlines, deadlineMs, orderId)
  if args.request ~= '' then
    redis.call('HSET', keys.requests, args.request, args.fingerprint .. ' ' .. orderId)
  end
  redis.call('XADD', keys['seat.moved'], '*', 'payload', '{"type":"locked","sale":"' .. args.sale
    .. '","epoch":' .. epoch .. ',"to":"1","atMs":' .. nowText .. ',' .. said
    .. '"seatsPerBuyerMax":' .. max .. ',' .. args.origin .. '}',
    'headers', args.headers)
  if flips then
    local flag = require 'lib.flag'
    flag()
  end
  return { 'OK', hold }
end
