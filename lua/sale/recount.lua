#!lua flags=allow-oom
--- recount: makes everything that is counted agree with who holds which seat: marks, runs, what is
-- left, seats per buyer, deadlines. A seat without a hold that is LOCKED or SOLD is free.
-- Why a script: nobody may move a seat between the look and the count. It reads the whole hall, so
-- it is run after a loss, or when something does not add up, never on the road of a buyer.
-- Flags: allow-oom, because an arbiter that came back full must be made whole before it drains.
-- KEYS: meta epoch seats segments runs tiers owners holds buyers deadlines flags seat.moved
-- ARGV: sale announce nowMs
-- Returns: OK corrected | NOT_FOUND
local clock = require 'lib.clock'
local run = require 'lib.run'
local flag = require 'lib.flag'
local concat, format, match, sub = table.concat, string.format, string.match, string.sub

-- A record of `segments` (lib/choose.lua), and how many values one command is given.
local WIDTH, CHUNK = 15, 1000
local MARKS = { LOCKED = '1', SOLD = '2' }

local nowMs = clock()
local seats = redis.call('GET', keys.seats)
if not seats or redis.call('EXISTS', keys.meta) == 0 then return { 'NOT_FOUND' } end

-- The holds that have seats, each read once.
local owners = redis.call('HGETALL', keys.owners)
local asked, holds = {}, {}
for i = 2, #owners, 2 do
  if not holds[owners[i]] then
    holds[owners[i]] = {}
    asked[#asked + 1] = owners[i]
  end
end
for first = 1, #asked, CHUNK do
  local last = math.min(first + CHUNK - 1, #asked)
  local texts = redis.call('HMGET', keys.holds, unpack(asked, first, last))
  for i = first, last do
    local text = texts[i - first + 1] or ''
    local hold = holds[asked[i]]
    hold.mark = MARKS[match(text, '^{"state":"(%u+)"')]
    hold.uid, hold.deadlineMs = match(text, '"uid":"([^"]*)"'), match(text, '"deadlineMs":(%d+)')
  end
end

local marks, held, stale = {}, {}, {}
for i = 1, #seats do marks[i] = sub(seats, i, i) == '-' and '-' or '0' end
for i = 1, #owners, 2 do
  local hold, at = holds[owners[i + 1]], owners[i] + 1
  if hold.mark and (marks[at] or '-') ~= '-' then
    marks[at] = hold.mark
    held[hold.uid] = (held[hold.uid] or 0) + 1
  else
    stale[#stale + 1] = owners[i]
  end
end
local corrected = 0
for i = 1, #seats do
  if marks[i] ~= sub(seats, i, i) then corrected = corrected + 1 end
end
local now = concat(marks)
local runs, free = {}, {}
local segments = redis.call('GET', keys.segments)
for at = 1, #segments, WIDTH do
  local first, last = match(segments, '^(%d+) (%d+)', at)
  local row = sub(now, first + 1, last + 1)
  runs[#runs + 1] = format('%d', run(row))
  local _, zeros = string.gsub(row, '0', '')
  free[#free + 1] = zeros
end

redis.call('SET', keys.seats, now)
redis.call('SET', keys.runs, concat(runs))
for first = 1, #stale, CHUNK do
  redis.call('HDEL', keys.owners, unpack(stale, first, math.min(first + CHUNK - 1, #stale)))
end
redis.call('DEL', keys.buyers)
for uid, count in pairs(held) do redis.call('HSET', keys.buyers, uid, count) end
for orderId, hold in pairs(holds) do
  if hold.mark == '1' then redis.call('ZADD', keys.deadlines, 'NX', hold.deadlineMs, orderId) end
end
for _, name in ipairs(cjson.decode(redis.call('HGET', keys.tiers, 'names'))) do
  local tier, first, last = match(redis.call('HGET', keys.tiers, 'tier:' .. name),
    '^(%d+) (%d+) (%-?%d+)$')
  local left = 0
  for i = first + 1, last + 1 do left = left + free[i] end
  redis.call('HSET', keys.meta, 'left:' .. tier, format('%d', left))
end
flag()
-- A version that skips one, like a new epoch, makes every reader read the hall again.
if corrected > 0 or args.announce ~= '' then
  local version = redis.call('HINCRBY', keys.meta, 'version', 2)
  redis.call('XADD', keys['seat.moved'], '*', 'payload', format(
    '{"type":"restored","sale":"%s","epoch":%s,"version":%d,"orderId":"","uid":"","to":"0",'
      .. '"atMs":%.0f,"seats":[],"reason":"recount"}',
    args.sale, redis.call('HGET', keys.epoch, 'epoch') or '0', version, nowMs))
end
return { 'OK', corrected }
