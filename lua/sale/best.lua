#!lua
--- best: chooses the best free seats of a tier for a buyer and gives them, all of them or none.
-- Why a script: the choice is only worth something if nobody can take a seat of it meanwhile. It
-- searches one byte per row segment and reads the segment it takes, not the hall.
-- KEYS: requests holds epoch meta buyers plan segments seats runs tiers owners deadlines flags
--   seat.moved
-- ARGV: sale uid orderId origin headers runId request fingerprint count tier section nowMs
-- Returns: OK hold | VALIDATION_FAILED field | SOLD_OUT data | LIMIT_REACHED data |
--   SALE_NOT_OPEN opensAtMs | SALE_PAUSED | SALE_CLOSED | NOT_FOUND | ARBITER_AWAY |
--   IDEMPOTENCY_CONFLICT
local clock = require 'lib.clock'
local enter = require 'lib.door'
local choose = require 'lib.choose'
local find = require 'lib.find'
local take = require 'lib.take'

-- The same orderId again is a call repeated by the connection: it must not choose twice.
local nowMs, nowText = clock()
local hold = redis.call('HGET', keys.holds, args.orderId)
if hold then return { 'OK', hold } end
local reply, epoch, max, lockMs, planWidth = enter(nowMs)
if reply then return reply end

local count = tonumber(args.count)
local asked = redis.call('HMGET', keys.tiers, 'tier:' .. args.tier, 'section:' .. args.section)
if not asked[1] then return { 'VALIDATION_FAILED', 'tier' } end
if args.section ~= '' and not asked[2] then return { 'VALIDATION_FAILED', 'section' } end
local tier, first, last = string.match(asked[1], '^(%d+) (%d+) (%d+)$')

local function soldOut(left)
  local name = redis.call('HGET', keys.tiers, 'name:' .. tier)
  return { 'SOLD_OUT', '{"tier":"' .. name .. '","left":' .. left .. '}' }
end

local left = redis.call('HGET', keys.meta, 'left:' .. tier)
if tonumber(left) < count then return soldOut(left) end

-- The segments of a tier follow each other, best first.
local runs = redis.call('GETRANGE', keys.runs, first, last)
local function indexOf(position) return first + position - 1 end
if args.section ~= '' then
  local narrow = require 'lib.section'
  local places = redis.call('HGET', keys.tiers, 'within:' .. tier .. ':' .. asked[2]) or ''
  runs, indexOf = narrow(runs, first, places)
end
local rows, texts = {}, {}
local seats, found = choose(rows, runs, indexOf, count)
if not seats then return soldOut(found) end

for i = 1, count do texts[i] = string.format('%d', seats[i]) end
local pieces = find(seats, texts, planWidth, rows)
return take(seats, texts, pieces, rows, nowMs, nowText, epoch, max, lockMs)
