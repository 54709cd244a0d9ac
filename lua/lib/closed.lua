--- The reply to whoever comes to a sale that is not open at this moment.
return function(gate, nowMs)
  local switch, opensAtMs, closesAtMs = string.match(gate, '^(%u+) (%d+) (%d+)')
  if switch == 'CLOSED' or nowMs >= tonumber(closesAtMs) then return { 'SALE_CLOSED' } end
  if switch == 'PAUSED' then return { 'SALE_PAUSED' } end
  return { 'SALE_NOT_OPEN', opensAtMs }
end
