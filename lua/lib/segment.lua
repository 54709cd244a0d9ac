--- A row segment: neighbours of one tier (or a block of places without neighbours) that lie
-- together in `seats`. Its record in `segments` says where; its byte in `runs` says how many free
-- seats in a row it still has. Every move of seats goes through here, so `runs` never lies.
local find, sub = string.find, string.sub

-- A record: 7 digits of start, 5 of length, 4 of section. lua/plan.ts writes them.
local WIDTH, START, LENGTH = 16, 7, 12
local RUN_MAX = 9
local ZEROS = { '0', '00', '000', '0000', '00000', '000000', '0000000', '00000000', '000000000' }

local segment = {}

--- Where a segment lies and the marks of its seats. `from` and `to` bound what was marked anew.
function segment.load(keys, index)
  local at = index * WIDTH
  local record = redis.call('GETRANGE', keys.segments, at, at + WIDTH - 1)
  local start = tonumber(sub(record, 1, START))
  local length = tonumber(sub(record, START + 1, LENGTH))
  local marks = redis.call('GETRANGE', keys.seats, start, start + length - 1)
  return { index = index, start = start, marks = marks, from = length + 1, to = 0 }
end

--- The mark of a seat of this segment.
function segment.markOf(row, seat)
  local at = seat - row.start + 1
  return sub(row.marks, at, at)
end

--- Gives seats `first` to `last`, which follow each other, a new mark; `write` makes it true.
function segment.mark(row, first, last, mark)
  local from, to = first - row.start + 1, last - row.start + 1
  local marks = row.marks
  row.marks = sub(marks, 1, from - 1) .. string.rep(mark, to - from + 1) .. sub(marks, to + 1)
  if from < row.from then row.from = from end
  if to > row.to then row.to = to end
end

--- The longest run of free seats, at most 9. Each find starts where a shorter run was found, so
-- the marks are passed over once.
local function longest(marks)
  local at = 1
  for run = 1, RUN_MAX do
    at = find(marks, ZEROS[run], at, true)
    if not at then return run - 1 end
  end
  return RUN_MAX
end

--- Writes what `mark` changed. `moved`: free seats came or went, so the longest run may differ.
function segment.write(keys, row, moved)
  redis.call('SETRANGE', keys.seats, row.start + row.from - 1, sub(row.marks, row.from, row.to))
  if moved then redis.call('SETRANGE', keys.runs, row.index, longest(row.marks)) end
end

return segment
