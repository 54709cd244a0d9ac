--- Reads the plan of a sale: one fixed-width record per offset, so that a seat, or a stretch of
-- seats that follow each other, costs one GETRANGE whatever the size of the hall.
local byte, find, sub = string.byte, string.find, string.sub
local row = require 'lib.row'

-- A record: 3 digits of tier, 6 of segment, then the label as JSON text, filled up with NUL. The
-- record of a gap is all NUL. lua/plan.ts writes them.
local TIER, SEGMENT = 3, 9
-- Offsets have 7 digits: what is beyond is no seat, and no number Redis would refuse as an offset.
local SEATS_MAX = 10000000

local plan = {}

--- The tier's index in a text of records, for the record after `skipped` bytes; nil for a gap.
function plan.tierIn(records, skipped)
  if (byte(records, skipped + 1) or 0) == 0 then return nil end
  return tonumber(sub(records, skipped + 1, skipped + TIER))
end

--- Finds seats, given in ascending order, and loads their segments into `rows`, by index.
-- @return a list of {seat, label, segment}, same order, and the seats that do not exist or nil
function plan.find(keys, sale, seats, rows)
  local width, picks, unknown = sale.planWidth, {}, nil
  local records, first, last = nil, 0, -1
  for i = 1, #seats do
    local seat = seats[i]
    if seat > last and seat >= 0 and seat < SEATS_MAX and seat % 1 == 0 then
      first, last = seat, seat
      while seats[i + last - first + 1] == last + 1 do last = last + 1 end
      records = redis.call('GETRANGE', keys.plan, first * width, (last + 1) * width - 1)
    end
    local at = (seat - first) * width
    if seat > last or seat < first or (byte(records, at + 1) or 0) == 0 then
      unknown = unknown or {}
      unknown[#unknown + 1] = seat
    else
      local index = tonumber(sub(records, at + TIER + 1, at + SEGMENT))
      local segment = rows[index]
      if not segment then
        segment = row.load(keys, sale.segmentWidth, index)
        rows[index] = segment
      end
      local stop = find(records, '\0', at + SEGMENT + 1, true)
      stop = (stop and stop <= at + width) and stop - 1 or at + width
      picks[#picks + 1] =
        { seat = seat, label = sub(records, at + SEGMENT + 1, stop), segment = segment }
    end
  end
  return picks, unknown
end

return plan
