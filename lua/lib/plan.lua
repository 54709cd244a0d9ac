--- Reads the plan of a sale: one fixed-width record per offset, so that a seat, or a stretch of
-- seats that follow each other, costs one GETRANGE whatever the size of the hall.
local byte, find, sub = string.byte, string.find, string.sub

-- A record: 3 digits of tier, 6 of segment, then the label as JSON text, filled up with NUL. The
-- record of a gap is all NUL. lua/plan.ts writes them.
local TIER, SEGMENT = 3, 9

local plan = {}

--- The tier's index in a text of records, for the record that starts after `skipped` bytes; nil
-- for a gap.
function plan.tierIn(records, skipped)
  if (byte(records, skipped + 1) or 0) == 0 then return nil end
  return tonumber(sub(records, skipped + 1, skipped + TIER))
end

local function pick(seat, record)
  local stop = find(record, '\0', SEGMENT + 1, true)
  return {
    seat = seat,
    tier = tonumber(sub(record, 1, TIER)),
    segment = tonumber(sub(record, TIER + 1, SEGMENT)),
    label = sub(record, SEGMENT + 1, stop and stop - 1 or -1),
  }
end

--- What the plan says of `seats`, which ascend and lie inside the plan.
-- @return a list of {seat, tier, segment, label}, and the list of seats that do not exist
function plan.read(keys, width, seats)
  local picks, unknown = {}, {}
  local first = 1
  while first <= #seats do
    local last = first
    while seats[last + 1] == seats[last] + 1 do last = last + 1 end
    local from, to = seats[first] * width, (seats[last] + 1) * width - 1
    local records = redis.call('GETRANGE', keys.plan, from, to)
    for i = first, last do
      local at = (i - first) * width
      if (byte(records, at + 1) or 0) == 0 then
        unknown[#unknown + 1] = seats[i]
      else
        picks[#picks + 1] = pick(seats[i], sub(records, at + 1, at + width))
      end
    end
    first = last + 1
  end
  return picks, unknown
end

return plan
