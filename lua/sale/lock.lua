#!lua
--- lock: gives the seats a buyer chose to that buyer, all of them or none.
-- Why a script: between the look at a seat and the mark on it nobody else may come, and the
-- message that tells the order service must exist exactly when the lock does. Its cost grows with
-- the seats asked, not with the hall.
-- KEYS: requests holds epoch meta buyers plan segments seats runs tiers owners deadlines flags
--   seat.moved
-- ARGV: sale uid orderId requestId headers runId request fingerprint count seats nowMs
-- Returns: OK hold | SEAT_TAKEN data | SEAT_UNKNOWN seats | SEAT_REPEATED | SOLD_OUT |
--   LIMIT_REACHED data | SALE_NOT_OPEN opensAtMs | SALE_PAUSED | SALE_CLOSED | NOT_FOUND |
--   ARBITER_AWAY | IDEMPOTENCY_CONFLICT
local keys = {
  requests = KEYS[1], holds = KEYS[2], epoch = KEYS[3], meta = KEYS[4], buyers = KEYS[5],
  plan = KEYS[6], segments = KEYS[7], seats = KEYS[8], runs = KEYS[9], tiers = KEYS[10],
  owners = KEYS[11], deadlines = KEYS[12], flags = KEYS[13], seatMoved = KEYS[14],
}
local args = {
  sale = ARGV[1], uid = ARGV[2], orderId = ARGV[3], requestId = ARGV[4], headers = ARGV[5],
  runId = ARGV[6], request = ARGV[7], fingerprint = ARGV[8], count = ARGV[9], seats = ARGV[10],
  nowMs = ARGV[11],
}
local clock = require 'lib.clock'
local enter = require 'lib.door'
local plan = require 'lib.plan'
local take = require 'lib.take'

local sale, reply = enter(keys, args, clock(args.nowMs))
if reply then return reply end

-- The limit has bounded every loop from here on.
local wanted = {}
for seat in string.gmatch(args.seats, '[^,]+') do wanted[#wanted + 1] = tonumber(seat) end
table.sort(wanted)
local rows = {}
local picks, unknown = plan.find(keys, sale, wanted, rows)
if unknown then return { 'SEAT_UNKNOWN', '[' .. table.concat(unknown, ',') .. ']' } end

local lost = false
for i = 1, #picks do
  local seat, segment = picks[i].seat, picks[i].segment
  if seat == wanted[i - 1] then return { 'SEAT_REPEATED' } end
  if string.byte(segment.marks, seat - segment.start + 1) ~= 48 then lost = true end
end
if lost then
  -- The same orderId again is a call repeated by the connection: it lost its seats to itself.
  local hold = redis.call('HGET', keys.holds, args.orderId)
  if hold then return { 'OK', hold } end
  if sale.left == 0 then return { 'SOLD_OUT', '{}' } end
  local alternatives = require 'lib.alternatives'
  return { 'SEAT_TAKEN', alternatives(keys, sale, picks) }
end

return take(keys, args, sale, picks, rows)
