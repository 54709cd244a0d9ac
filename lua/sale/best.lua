#!lua
--- best: chooses the best free seats of a tier for a buyer and gives them, all of them or none.
-- Why a script: the choice is only worth something if nobody can take a seat of it meanwhile. It
-- searches one byte per row segment and reads the segment it takes, not the hall.
-- KEYS: requests holds epoch meta buyers plan segments seats runs tiers owners deadlines flags
--   seat.moved
-- ARGV: sale uid orderId requestId headers runId request fingerprint count tier section nowMs
-- Returns: OK hold | VALIDATION_FAILED field | SOLD_OUT data | LIMIT_REACHED data |
--   SALE_NOT_OPEN opensAtMs | SALE_PAUSED | SALE_CLOSED | NOT_FOUND | ARBITER_AWAY |
--   IDEMPOTENCY_CONFLICT
local keys = {
  requests = KEYS[1], holds = KEYS[2], epoch = KEYS[3], meta = KEYS[4], buyers = KEYS[5],
  plan = KEYS[6], segments = KEYS[7], seats = KEYS[8], runs = KEYS[9], tiers = KEYS[10],
  owners = KEYS[11], deadlines = KEYS[12], flags = KEYS[13], seatMoved = KEYS[14],
}
local args = {
  sale = ARGV[1], uid = ARGV[2], orderId = ARGV[3], requestId = ARGV[4], headers = ARGV[5],
  runId = ARGV[6], request = ARGV[7], fingerprint = ARGV[8], count = ARGV[9], tier = ARGV[10],
  section = ARGV[11], nowMs = ARGV[12],
}
local clock = require 'lib.clock'
local enter = require 'lib.door'
local plan = require 'lib.plan'
local choose = require 'lib.choose'
local take = require 'lib.take'

-- The same orderId again is a call repeated by the connection: it must not choose twice.
local nowMs = clock(args.nowMs)
local hold = redis.call('HGET', keys.holds, args.orderId)
if hold then return { 'OK', hold } end
local sale, reply = enter(keys, args, nowMs)
if reply then return reply end

local count = tonumber(args.count)
local asked = redis.call('HMGET', keys.tiers, 'tier:' .. args.tier, 'section:' .. args.section)
if not asked[1] then return { 'VALIDATION_FAILED', 'tier' } end
if args.section ~= '' and not asked[2] then return { 'VALIDATION_FAILED', 'section' } end
local tier, first, segments = string.match(asked[1], '^(%d+) (%d+) (%d+)$')

local function soldOut(left)
  local name = redis.call('HGET', keys.tiers, 'name:' .. tier)
  return { 'SOLD_OUT', '{"tier":"' .. name .. '","left":' .. left .. '}' }
end

local left = redis.call('HGET', keys.meta, 'left:' .. tier)
if tonumber(left) < count then return soldOut(left) end

local runs, indexOf = choose.inTier(keys, tonumber(first), tonumber(segments))
if args.section ~= '' then
  local places = redis.call('HGET', keys.tiers, 'within:' .. tier .. ':' .. asked[2]) or ''
  runs, indexOf = choose.inSection(runs, tonumber(first), places)
end
local rows = {}
local seats, found = choose.best(keys, sale, rows, runs, indexOf, count)
if not seats then return soldOut(found) end

return take(keys, args, sale, plan.find(keys, sale, seats, rows), rows)
