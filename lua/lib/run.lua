--- The byte of a row in `runs`: its longest run of free seats, at most 9. Each find starts where a
-- shorter run was found, so the marks are passed over once.
local ZEROS = { '0', '00', '000', '0000', '00000', '000000', '0000000', '00000000', '000000000' }

return function(marks)
  local at = 1
  for run = 1, 9 do
    at = string.find(marks, ZEROS[run], at, true)
    if not at then return run - 1 end
  end
  return 9
end
