--- Narrows the runs of a tier to the segments of one section, still best first. `places` lists
-- their indexes, 6 digits each. @return the runs, and what turns a position in them into an index
return function(ofTier, first, places)
  local runs = {}
  local function indexOf(position)
    return tonumber(string.sub(places, 6 * position - 5, 6 * position))
  end
  for position = 1, #places / 6 do
    local at = indexOf(position) - first + 1
    runs[position] = string.sub(ofTier, at, at)
  end
  return table.concat(runs), indexOf
end
