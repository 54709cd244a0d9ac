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
local door = require 'lib.door'
local plan = require 'lib.plan'
local segment = require 'lib.segment'
local alternatives = require 'lib.alternatives'
local take = require 'lib.take'

local sale, reply = door.enter(keys, args)
if reply then return reply end

-- The limit has bounded every loop from here on.
local wanted, unknown = {}, {}
for text in string.gmatch(args.seats, '[^,]+') do
  local seat = tonumber(text)
  if seat and seat >= 0 and seat < sale.span and seat % 1 == 0 then
    wanted[#wanted + 1] = seat
  else
    unknown[#unknown + 1] = text
  end
end
if #unknown > 0 then return { 'SEAT_UNKNOWN', '[' .. table.concat(unknown, ',') .. ']' } end
table.sort(wanted)

local picks, gaps = plan.read(keys, sale.planWidth, wanted)
if #gaps > 0 then return { 'SEAT_UNKNOWN', '[' .. table.concat(gaps, ',') .. ']' } end
for i = 2, #wanted do
  if wanted[i] == wanted[i - 1] then return { 'SEAT_REPEATED' } end
end
if sale.left == 0 then return { 'SOLD_OUT', '{}' } end

local rows, lost, still = {}, {}, {}
for i = 1, #picks do
  local pick = picks[i]
  local row = rows[pick.segment]
  if not row then
    row = segment.load(keys, pick.segment)
    rows[pick.segment] = row
  end
  local side = segment.markOf(row, pick.seat) == '0' and still or lost
  side[#side + 1] = pick
end
if #lost > 0 then return { 'SEAT_TAKEN', alternatives(keys, sale, lost, still) } end

return take(keys, args, sale, picks, rows)
