#!lua flags=allow-oom
--- restore: gives orders, and the blocks of the house, the seats that MySQL says are their own,
-- where nobody else has them.
-- Why a script: MySQL was asked a moment ago, or, for a fresh block, is asked next. Whoever has a
-- seat has it by right, so the look at the owners and the marks on the seats are one moment; again,
-- it changes nothing.
-- Flags: allow-oom, because an arbiter that came back full must be made whole before it drains.
-- KEYS: requests holds meta epoch owners buyers plan seats runs deadlines flags seat.moved
-- ARGV: sale quiet runId nowMs orders...
-- Returns: OK results | NOT_FOUND
local clock = require 'lib.clock'
local find = require 'lib.find'
local mark = require 'lib.mark'
local flag = require 'lib.flag'
local markOf = require 'lib.marks'
local nextVersion = require 'lib.version'
local concat, format = table.concat, string.format

local nowMs = clock()
local gate = redis.call('HGET', keys.meta, 'gate')
if not gate then return { 'NOT_FOUND' } end
local width = string.match(gate, '%d+$')

--- What each seat of the pieces is marked with, in their order.
local function marksOf(pieces)
  local marks = {}
  for _, piece in ipairs(pieces) do
    local at = piece.from - piece.row.first
    for i = 1, piece.count do
      marks[#marks + 1] = string.sub(piece.row.marks, at + i, at + i)
    end
  end
  return marks
end

--- Which of the seats are the order's already, and which become it: a mark without an owner is
-- nobody's. @return the result that ends it, if any; else nil and both
local function sort(order, pieces, to)
  local owners = redis.call('HMGET', keys.owners, unpack(order.texts))
  local marks, kept, fresh = marksOf(pieces), { seats = {}, texts = {} }, { seats = {}, texts = {} }
  local was = string.match(redis.call('HGET', keys.holds, order.orderId) or '', '^{"state":"(%u+)"')
  -- An order releases its seats for good, when it ends: it was alive when MySQL was asked. Whether
  -- a block has ended only MySQL knows.
  if was == 'RELEASED' and order.state == 'LOCKED' then return 'same' end
  local right = was == order.state
  for i, text in ipairs(order.texts) do
    local now, side = marks[i], fresh
    if now ~= '0' and owners[i] then
      if owners[i] ~= order.orderId then return owners[i] end
      -- What is sold stays sold, whatever is asked.
      if now > to then return 'same' end
      side = kept
    end
    right = right and side == kept and now == to
    side.seats[#side.seats + 1], side.texts[#side.texts + 1] = order.seats[i], text
  end
  return right and 'same' or nil, kept, fresh
end

local function writeHold(order, pieces, version)
  local seats, json, amountFen, owned = order.seats, {}, 0, {}
  for i = 1, #pieces do
    json[i], amountFen = pieces[i].json, amountFen + pieces[i].amountFen
  end
  for i, text in ipairs(order.texts) do owned[2 * i - 1], owned[2 * i] = text, order.orderId end
  local adjacent = seats[#seats] - seats[1] == #seats - 1 and 'true' or 'false'
  redis.call('HSET', keys.holds, order.orderId, format('{"state":"%s","orderId":"%s","uid":"%s",'
    .. '"seats":[%s],"amountFen":%d,"deadlineMs":%s,"version":%d,"adjacent":%s}', order.state,
    order.orderId, order.uid, concat(json, ','), amountFen, order.deadlineMs, version, adjacent))
  redis.call('HSET', keys.owners, unpack(owned))
  -- Whoever asks the same again is answered with this order, unless with another one already.
  if order.request ~= '' then
    redis.call('HSETNX', keys.requests, order.request, order.fingerprint .. ' ' .. order.orderId)
  end
  if order.state == 'LOCKED' then
    redis.call('ZADD', keys.deadlines, order.deadlineMs, order.orderId)
  else
    redis.call('ZREM', keys.deadlines, order.orderId)
  end
end

--- @return 'changed', 'same', 'unknown', or the orderId of whoever has one of the seats
local function restore(order)
  local rows, to = {}, markOf[order.state]
  local pieces, unknown = find(order.seats, order.texts, width, rows)
  if unknown then return 'unknown' end
  local result, kept, fresh = sort(order, pieces, to)
  if result then return result end

  local epoch, version = nextVersion(nowMs)
  writeHold(order, pieces, version)
  -- Almost always nobody has any of them: then the pieces are marked as they were found.
  if #kept.texts > 0 then
    mark(find(kept.seats, kept.texts, width, {}), {}, to, 0)
    pieces = find(fresh.seats, fresh.texts, width, rows)
  end
  local flips = mark(pieces, rows, to, -1)
  -- The house is no buyer.
  if #fresh.texts > 0 and order.uid ~= '' then
    redis.call('HINCRBY', keys.buyers, order.uid, #fresh.texts)
  end
  if args.quiet == '' then
    redis.call('XADD', keys['seat.moved'], '*', 'payload', format(
      '{"type":"%s","sale":"%s","epoch":%s,"version":%d,"orderId":"%s","uid":"%s","to":"%s",'
        .. '"atMs":%.0f,"seats":[%s],"reason":"%s"}',
      order.state == 'BLOCKED' and 'blocked' or 'restored', args.sale, epoch, version,
      order.orderId, order.uid, to, nowMs, concat(order.texts, ','), order.state))
  end
  if flips then flag() end
  return 'changed'
end

-- orderId, uid, deadlineMs, state, request, fingerprint, how many seats, the seats: over and over.
local orders, results, at = args.orders, {}, 1
while at <= #orders do
  local order = {
    orderId = orders[at], uid = orders[at + 1], deadlineMs = orders[at + 2],
    state = orders[at + 3], request = orders[at + 4], fingerprint = orders[at + 5],
    texts = {}, seats = {},
  }
  for i = 1, orders[at + 6] do
    order.texts[i] = orders[at + 6 + i]
    order.seats[i] = tonumber(order.texts[i])
  end
  results[#results + 1] = restore(order)
  at = at + 7 + #order.seats
end
return { 'OK', results }
