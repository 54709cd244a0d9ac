--- How `best` chooses. It is given `runs` in order of quality (one digit per segment: its longest
-- free run) and reads a segment only when that digit promises something.
local segment = require 'lib.segment'
local find, abs, floor, max, min = string.find, math.abs, math.floor, math.max, math.min

local RUN_MAX = 9
-- A set that strands a single seat is taken only when this many good segments offer none better.
local TRIES_MAX = 8
-- Segments looked at for seats that are not side by side; each has at least one free seat.
local SCATTER_MAX = 32

local choose = {}

--- The position of the next segment with a run of at least `count`, from position `from` on. Plain
-- finds of one byte each: many times faster than one pattern.
local function nextWith(runs, count, from)
  local nearest
  for run = count, RUN_MAX do
    local at = find(runs, tostring(run), from, true)
    if at and not (nearest and nearest < at) then nearest = at end
  end
  return nearest
end

--- Where `count` neighbours sit best inside a segment's marks: stranding no single free seat if
-- possible, then nearest the middle. @return the position and how many singles it strands
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

--- Side by side: the best segment that has a run long enough and need not strand anybody.
-- @return the seats in ascending order and their segment, or nil
local function together(keys, runs, indexOf, count)
  local bestRow, bestAt, bestStranded
  local position = nextWith(runs, count, 1)
  for _ = 1, TRIES_MAX do
    if not position then break end
    local row = segment.load(keys, indexOf(position))
    local at, stranded = spot(row.marks, count)
    if at and (not bestAt or stranded < bestStranded) then
      bestRow, bestAt, bestStranded = row, at, stranded
    end
    if bestStranded == 0 then break end
    position = nextWith(runs, count, position + 1)
  end
  if not bestAt then return nil end
  local seats = {}
  for i = 1, count do seats[i] = bestRow.start + bestAt + i - 2 end
  return seats, bestRow
end

local function freeIn(row)
  local free, from = {}, 1
  while true do
    local at = find(row.marks, '0', from, true)
    if not at then return free end
    free[#free + 1] = row.start + at - 1
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

--- Not side by side: as close together as one good segment allows, else the best seats there are.
-- @return the seats in ascending order and their segments by index; or nil and how many are free
local function apart(keys, runs, indexOf, count)
  local found, rows = {}, {}
  local position = 0
  for _ = 1, SCATTER_MAX do
    local _, taken = find(runs, '^0*', position + 1)
    position = taken + 1
    if position > #runs then break end
    local row = segment.load(keys, indexOf(position))
    local free = freeIn(row)
    if #free >= count then return closest(free, count), { [row.index] = row } end
    for i = 1, #free do
      if #found == count then break end
      found[#found + 1] = free[i]
      rows[row.index] = row
    end
  end
  if #found < count then return nil, #found end
  table.sort(found)
  return found, rows
end

--- The best set of `count` free seats. `indexOf` turns a position in `runs` into a segment's index.
-- @return the seats in ascending order and their segments by index; or nil and how many are free
function choose.best(keys, runs, indexOf, count)
  local seats, row = together(keys, runs, indexOf, count)
  if seats then return seats, { [row.index] = row } end
  return apart(keys, runs, indexOf, count)
end

--- Both arguments of `choose.best` for a whole tier, whose segments follow each other.
function choose.inTier(keys, first, count)
  if count == 0 then return '', nil end
  local runs = redis.call('GETRANGE', keys.runs, first, first + count - 1)
  return runs, function(position) return first + position - 1 end
end

--- The same for the segments of one section only. `places` lists them, best first, 6 digits each.
function choose.inSection(keys, first, count, places)
  local all = redis.call('GETRANGE', keys.runs, first, first + count - 1)
  local runs = {}
  local function indexOf(position)
    return tonumber(string.sub(places, 6 * position - 5, 6 * position))
  end
  for position = 1, #places / 6 do
    local at = indexOf(position) - first + 1
    runs[position] = string.sub(all, at, at)
  end
  return table.concat(runs), indexOf
end

return choose
