--- A row segment: neighbours of one tier (or a block of places without neighbours) that lie
-- together in `seats`. Its record in `segments` says where it lies and what a seat of it costs; its
-- byte in `runs` says how many free seats side by side it still has. Every move of seats goes
-- through here, so `runs` never lies.
local find, sub = string.find, string.sub

-- A record: 7 digits of start, 5 of length, 3 of tier, 11 of price, then what ends the JSON of each
-- of its seats, filled up with NUL. lua/plan.ts writes them.
local START, LENGTH, TIER, PRICE = 7, 12, 15, 26
local RUN_MAX = 9
local ZEROS = { '0', '00', '000', '0000', '00000', '000000', '0000000', '00000000', '000000000' }

local row = {}

--- Loads a segment by its index. `width` is that of a record.
-- @return {index, start, marks, record, from, to, count}: `from` and `to` are the first and last
-- seat that is about to be marked, `count` how many those are; none yet
function row.load(keys, width, index)
  local record = redis.call('GETRANGE', keys.segments, index * width, (index + 1) * width - 1)
  local start = tonumber(sub(record, 1, START))
  local length = tonumber(sub(record, START + 1, LENGTH))
  return {
    index = index, start = start, record = record, count = 0,
    marks = redis.call('GETRANGE', keys.seats, start, start + length - 1),
  }
end

--- The tier's index, the price in fen, and the end of the JSON of every seat of a segment.
function row.said(segment)
  local record = segment.record
  local stop = find(record, '\0', PRICE + 1, true)
  return tonumber(sub(record, LENGTH + 1, TIER)), tonumber(sub(record, TIER + 1, PRICE)),
    sub(record, PRICE + 1, stop and stop - 1 or -1)
end

--- Counts a seat among those about to be marked. They come in ascending order.
function row.add(segment, seat)
  local count = segment.count + 1
  if count == 1 then segment.from = seat end
  segment.count, segment.to = count, seat
  segment[count] = seat
end

--- The longest run of free seats, at most 9. Each find starts where a shorter run was found, so
-- the marks are passed over once.
local function longest(marks)
  if find(marks, '000000000', 1, true) then return RUN_MAX end
  local at = 1
  for run = 1, RUN_MAX do
    at = find(marks, ZEROS[run], at, true)
    if not at then return run - 1 end
  end
end

--- Gives the seats that were added their new mark. `moved`: free seats came or went, so the longest
-- run may be another. @return nothing
function row.write(keys, segment, mark, moved)
  local first, marks = segment.from - segment.start + 1, segment.marks
  local last = segment.to - segment.start + 1
  local fresh
  if last - first + 1 == segment.count then
    fresh = string.rep(mark, segment.count)
  else
    fresh = sub(marks, first, last)
    for i = 1, segment.count do
      local at = segment[i] - segment.from + 1
      fresh = sub(fresh, 1, at - 1) .. mark .. sub(fresh, at + 1)
    end
  end
  redis.call('SETRANGE', keys.seats, segment.from, fresh)
  if moved then
    local run = longest(sub(marks, 1, first - 1) .. fresh .. sub(marks, last + 1))
    -- Taking seats makes no run longer: what is still 9 was 9 before.
    if run < RUN_MAX or mark == '0' then redis.call('SETRANGE', keys.runs, segment.index, run) end
  end
end

return row
