#!lua flags=allow-oom
--- restore: gives an order the seats that MySQL says are its own, where nobody else has them.
-- Why a script: MySQL was asked a moment ago. Whoever has got a seat since has it by right, so the
-- look at the owners and the marks on the seats are one moment; again, it changes nothing.
-- Flags: allow-oom, because an arbiter that came back full must be made whole before it drains.
-- KEYS: holds meta epoch owners buyers plan seats runs deadlines flags seat.moved
-- ARGV: sale orderId uid deadlineMs state nowMs seats...
-- Returns: OK changed | SEAT_TAKEN orderId | SEAT_UNKNOWN seats | NOT_FOUND
local clock = require 'lib.clock'
local find = require 'lib.find'
local mark = require 'lib.mark'
local flag = require 'lib.flag'
local concat, format = table.concat, string.format

local nowMs = clock()
local gate = redis.call('HGET', keys.meta, 'gate')
if not gate then return { 'NOT_FOUND' } end
local texts, seats, rows = args.seats, {}, {}
for i = 1, #texts do seats[i] = tonumber(texts[i]) end
local pieces, unknown = find(seats, texts, string.match(gate, '%d+$'), rows)
if unknown then return { 'SEAT_UNKNOWN', '[' .. concat(unknown, ',') .. ']' } end

local to = args.state == 'SOLD' and '2' or '1'
local owners = redis.call('HMGET', keys.owners, unpack(texts))
-- Seats that are the order's already, and those that become it: a mark without owner is nobody's.
local kept, fresh = { seats = {}, texts = {} }, { seats = {}, texts = {} }
local right = string.find(redis.call('HGET', keys.holds, args.orderId) or '',
  '{"state":"' .. args.state .. '"', 1, true) == 1
for i = 1, #texts do
  local now = redis.call('GETRANGE', keys.seats, texts[i], texts[i])
  local side = fresh
  if now ~= '0' and owners[i] then
    if owners[i] ~= args.orderId then return { 'SEAT_TAKEN', owners[i] } end
    -- What is sold stays sold, whatever is asked.
    if now > to then return { 'OK', 0 } end
    side = kept
  end
  right = right and side == kept and now == to
  side.seats[#side.seats + 1], side.texts[#side.texts + 1] = seats[i], texts[i]
end
if right then return { 'OK', 0 } end

local width = string.match(gate, '%d+$')
local version = redis.call('HINCRBY', keys.meta, 'version', 1)
local json, amountFen, owned = {}, 0, {}
for i = 1, #pieces do
  json[i], amountFen = pieces[i].json, amountFen + pieces[i].amountFen
end
for i = 1, #texts do owned[2 * i - 1], owned[2 * i] = texts[i], args.orderId end
local adjacent = seats[#seats] - seats[1] == #seats - 1 and 'true' or 'false'
redis.call('HSET', keys.holds, args.orderId, format('{"state":"%s","orderId":"%s","uid":"%s",'
  .. '"seats":[%s],"amountFen":%d,"deadlineMs":%s,"version":%d,"adjacent":%s}', args.state,
  args.orderId, args.uid, concat(json, ','), amountFen, args.deadlineMs, version, adjacent))
redis.call('HSET', keys.owners, unpack(owned))
if to == '1' then
  redis.call('ZADD', keys.deadlines, args.deadlineMs, args.orderId)
else
  redis.call('ZREM', keys.deadlines, args.orderId)
end
mark(find(kept.seats, kept.texts, width, {}), {}, to, 0)
local flips = mark(find(fresh.seats, fresh.texts, width, rows), rows, to, -1)
if #fresh.texts > 0 then redis.call('HINCRBY', keys.buyers, args.uid, #fresh.texts) end
redis.call('XADD', keys['seat.moved'], '*', 'payload', format(
  '{"type":"restored","sale":"%s","epoch":%s,"version":%d,"orderId":"%s","uid":"%s","to":"%s",'
    .. '"atMs":%.0f,"seats":[%s],"reason":"%s"}',
  args.sale, redis.call('HGET', keys.epoch, 'epoch') or '0', version, args.orderId, args.uid, to,
  nowMs, concat(texts, ','), args.state))
if flips then flag() end
return { 'OK', 1 }
