--- Finds seats in the plan of a sale: one record per offset, all of one width, so that a stretch of
-- seats that follow each other costs one GETRANGE, and their row another, whatever the hall's size.
local byte, find, format = string.byte, string.find, string.format
local match, sub = string.match, string.sub

-- A record: "tier segment first last priceFen JSON", filled up with NUL, of which there is at least
-- one; a gap is all NUL. Tier and segment are indexes, first and last the ends of the segment, JSON
-- what follows the number in the JSON of a seat. lua/plan.ts writes them.
local RECORD = '^(%d+) (%d+) (%d+) (%d+) (%d+) ()'

--- @param seats numbers that ascend; `texts` are the same in decimal, `width` that of a record,
-- `rows` the rows that are known already, by index
-- @return pieces: seats that follow each other in one segment, {row, tier, from, text, count,
-- amountFen, json}; and the texts of those that are no seat, or nil. `rows` gains {first, marks}.
return function(seats, texts, width, rows)
  local pieces, unknown, i = {}, nil, 1
  while i <= #seats do
    local from, to = seats[i], i
    while seats[to + 1] == from + to - i + 1 do to = to + 1 end
    local records = redis.call('GETRANGE', keys.plan, format('%d', from * width),
      format('%d', (from + to - i + 1) * width - 1))
    local at = 1
    while i <= to do
      local tier, index, first, last, priceFen, start = match(records, RECORD, at)
      if not tier then
        unknown = unknown or {}
        unknown[#unknown + 1] = texts[i]
        i, at = i + 1, at + width
      else
        local row = rows[index]
        if not row then
          local marks = redis.call('GETRANGE', keys.seats, first, last)
          row = { first = first, marks = marks, moved = false }
          rows[index] = row
        end
        local seat, text = seats[i], texts[i]
        local json, count, left = '{"seat":', 0, last - seat
        repeat
          json = json .. texts[i] .. sub(records, start, find(records, '\0', start, true) - 1)
          count, i, start = count + 1, i + 1, start + width
          -- A block of places without neighbours has gaps inside.
          local more = i <= to and count <= left and byte(records, at + count * width) ~= 0
          if more then json = json .. ',{"seat":' end
        until not more
        at = at + count * width
        pieces[#pieces + 1] = {
          row = row, tier = tier, from = seat, text = text, count = count, json = json,
          amountFen = count * priceFen,
        }
      end
    end
  end
  return pieces, unknown
end
