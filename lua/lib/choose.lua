--- How `best` chooses. It is given `runs` in order of quality (one digit per segment: its longest
-- free run) and reads a row only when that digit promises something.
local find, abs, floor, max, min = string.find, math.abs, math.floor, math.max, math.min

-- A record of `segments`: its first offset, a space, its last, filled up with spaces.
local WIDTH = 15
local RUN_MAX = 9
-- A set that strands a single seat is taken only when this many good rows offer none better.
local TRIES_MAX = 8
-- Rows looked at for seats that are not side by side; each has at least one free seat.
local SCATTER_MAX = 32

--- The row at an index, as `lib.find` knows rows too.
local function load(rows, index)
  local name = string.format('%d', index)
  local row = rows[name]
  if row then return row end
  local record = redis.call('GETRANGE', keys.segments, index * WIDTH, (index + 1) * WIDTH - 1)
  local first, last = string.match(record, '^(%d+) (%d+)')
  local marks = redis.call('GETRANGE', keys.seats, first, last)
  row = { first = first, marks = marks, moved = false }
  rows[name] = row
  return row
end

--- The position of the next row with a run of at least `count`, from position `from` on. Plain
-- finds of one byte each: many times faster than one pattern.
local function nextWith(runs, count, from)
  local nearest
  for run = count, RUN_MAX do
    local at = find(runs, tostring(run), from, true)
    if at and not (nearest and nearest < at) then nearest = at end
  end
  return nearest
end

--- Where `count` neighbours sit best in a row: stranding no single free seat if possible, then
-- nearest the middle. @return the position in its marks and how many singles it strands
local function spot(marks, count)
  local zeros, middle = string.rep('0', count), (#marks - count) / 2 + 1
  local bestAt, bestStranded, bestAway
  local from = 1
  while true do
    local first = find(marks, zeros, from, true)
    if not first then break end
    local _, stop = find(marks, '^0+', first)
    local last = stop - count + 1
    local near = min(max(floor(middle), first), last)
    for at = max(first, near - 2), min(last, near + 2) do
      local stranded = (at - first == 1 and 1 or 0) + (last - at == 1 and 1 or 0)
      local away = abs(at - middle)
      if not bestAt or stranded < bestStranded or stranded == bestStranded and away < bestAway then
        bestAt, bestStranded, bestAway = at, stranded, away
      end
    end
    from = stop + 1
  end
  return bestAt, bestStranded
end

--- Side by side: in the best row that has a run long enough and need not strand anybody.
-- @return the seats in ascending order, or nil
local function together(rows, runs, indexOf, count)
  local best, bestAt, bestStranded
  local position = nextWith(runs, count, 1)
  for _ = 1, TRIES_MAX do
    if not position then break end
    local row = load(rows, indexOf(position))
    local at, stranded = spot(row.marks, count)
    if not bestAt or stranded < bestStranded then
      best, bestAt, bestStranded = row, at, stranded
    end
    if bestStranded == 0 then break end
    position = nextWith(runs, count, position + 1)
  end
  if not bestAt then return nil end
  local seats = {}
  for i = 1, count do seats[i] = best.first + bestAt + i - 2 end
  return seats
end

local function freeIn(row)
  local free, from = {}, 1
  while true do
    local at = find(row.marks, '0', from, true)
    if not at then return free end
    free[#free + 1] = row.first + at - 1
    from = at + 1
  end
end

--- The `count` of these ascending seats that lie closest together.
local function closest(free, count)
  local best = 1
  for i = 2, #free - count + 1 do
    if free[i + count - 1] - free[i] < free[best + count - 1] - free[best] then best = i end
  end
  local seats = {}
  for i = 1, count do seats[i] = free[best + i - 1] end
  return seats
end

--- Not side by side: as close together as one good row allows, else the best seats there are.
-- @return the seats in ascending order; or nil and how many are free
local function apart(rows, runs, indexOf, count)
  local found, position = {}, 0
  for _ = 1, SCATTER_MAX do
    local _, taken = find(runs, '^0*', position + 1)
    position = taken + 1
    if position > #runs then break end
    local free = freeIn(load(rows, indexOf(position)))
    if #free >= count then return closest(free, count) end
    for i = 1, min(#free, count - #found) do found[#found + 1] = free[i] end
  end
  if #found < count then return nil, #found end
  table.sort(found)
  return found
end

--- The best set of `count` free seats. `indexOf` turns a position in `runs` into a segment's index;
-- the rows that were looked at are left in `rows`, by index.
-- @return the seats in ascending order; or nil and how many are free
return function(rows, runs, indexOf, count)
  local seats = together(rows, runs, indexOf, count)
  if seats then return seats end
  return apart(rows, runs, indexOf, count)
end
