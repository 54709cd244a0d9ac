--- Every move of seats goes through here, so `runs` and `left` never lie: the seats of each piece
-- get their new mark, and every row that was touched its longest free run.
-- `moved` is what one such seat adds to `left`: -1, 0 or 1.
local find, sub = string.find, string.sub

return function(pieces, rows, mark, moved)
  local flips = false
  for i = 1, #pieces do
    local piece = pieces[i]
    local row, count = piece.row, piece.count
    local at, fresh = piece.from - row.first, string.rep(mark, count)
    redis.call('SETRANGE', keys.seats, piece.text, fresh)
    if moved ~= 0 then
      row.marks = sub(row.marks, 1, at) .. fresh .. sub(row.marks, at + count + 1)
      row.moved = true
      local left = redis.call('HINCRBY', keys.meta, 'left:' .. piece.tier, moved * count)
      if left == 0 or left == moved * count then flips = true end
    end
  end
  for index, row in pairs(rows) do
    -- Taking seats makes no run longer: what is still 9 was 9 before.
    if row.moved and not (moved < 0 and find(row.marks, '000000000', 1, true)) then
      local run = require 'lib.run'
      redis.call('SETRANGE', keys.runs, index, run(row.marks))
    end
  end
  return flips
end
