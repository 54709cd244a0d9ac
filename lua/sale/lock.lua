#!lua
--- lock: gives the seats a buyer chose to that buyer, all of them or none.
-- Why a script: between the look at a seat and the mark on it nobody else may come, and the
-- message that tells the order service must exist exactly when the lock does. Its cost grows with
-- the seats asked, not with the hall. It is the script the system is measured by, so it makes no
-- call, table or text that it could do without.
-- KEYS: requests holds epoch meta buyers plan seats runs tiers owners deadlines flags seat.moved
-- ARGV: sale uid orderId origin headers runId request fingerprint count nowMs seats...
-- Returns: OK hold | SEAT_TAKEN data | SEAT_UNKNOWN seats | SEAT_REPEATED | SOLD_OUT data |
--   LIMIT_REACHED data | SALE_NOT_OPEN opensAtMs | SALE_PAUSED | SALE_CLOSED | NOT_FOUND |
--   ARBITER_AWAY | IDEMPOTENCY_CONFLICT
local clock = require 'lib.clock'
local enter = require 'lib.door'
local find = require 'lib.find'
local take = require 'lib.take'

local nowMs, nowText = clock()
local reply, epoch, max, lockMs, planWidth = enter(nowMs)
if reply then return reply end

-- `seats` ascend, `count` of them: the limit has bounded every loop from here on.
local texts = args.seats
local seats = { tonumber(texts[1]) }
for i = 2, #texts do seats[i] = tonumber(texts[i]) end
local rows = {}
local pieces, unknown = find(seats, texts, planWidth, rows)
if unknown then return { 'SEAT_UNKNOWN', '[' .. table.concat(unknown, ',') .. ']' } end
for i = 2, #seats do
  if seats[i] <= seats[i - 1] then return { 'SEAT_REPEATED' } end
end
for i = 1, #pieces do
  local piece = pieces[i]
  local at = piece.from - piece.row.first + 1
  if string.find(string.sub(piece.row.marks, at, at + piece.count - 1), '[^0]') then
    local refuse = require 'lib.taken'
    return refuse(seats, pieces, planWidth)
  end
end

return take(seats, texts, pieces, rows, nowMs, nowText, epoch, max, lockMs)
