#!lua flags=allow-oom
--- recount: makes everything that is counted agree with who holds which seat: marks, runs, what is
-- left, seats per buyer, deadlines. A seat without a hold that is LOCKED, SOLD or BLOCKED is free.
-- Why a script: nobody may move a seat between the look and the count. It reads the whole hall and
-- takes some 10 µs per seat, so it is run when something does not add up, or an operator asks, and
-- never on the road of a buyer.
-- Flags: allow-oom, because an arbiter that came back full must be made whole before it drains.
-- KEYS: meta epoch seats segments runs tiers owners holds buyers deadlines flags seat.moved
-- ARGV: sale nowMs
-- Returns: OK corrected | NOT_FOUND
local clock = require 'lib.clock'
local run = require 'lib.run'
local flag = require 'lib.flag'
local markOf = require 'lib.marks'
local concat, find, format = table.concat, string.find, string.format
local gsub, match, min, sub = string.gsub, string.match, math.min, string.sub

-- A record of `segments` (lib/choose.lua), and how many values one command is given.
local WIDTH, CHUNK = 15, 1000

local nowMs = clock()
local seats = redis.call('GET', keys.seats)
if not seats or redis.call('EXISTS', keys.meta) == 0 then return { 'NOT_FOUND' } end

-- The holds that have seats, each read once.
local owners = redis.call('HGETALL', keys.owners)
local asked, holds = {}, {}
for i = 2, #owners, 2 do
  if not holds[owners[i]] then
    holds[owners[i]] = {}
    asked[#asked + 1] = owners[i]
  end
end
for first = 1, #asked, CHUNK do
  local last = min(first + CHUNK - 1, #asked)
  local texts = redis.call('HMGET', keys.holds, unpack(asked, first, last))
  for i = first, last do
    local text = texts[i - first + 1] or ''
    local hold = holds[asked[i]]
    hold.mark = markOf[match(text, '^{"state":"(%u+)"')]
    -- Plain finds: a pattern that is tried at every byte would be most of what this script costs.
    local _, uid = find(text, '"uid":"', 1, true)
    local _, deadline = find(text, '"deadlineMs":', 1, true)
    hold.uid = uid and match(text, '^[^"]*', uid + 1)
    hold.deadlineMs = deadline and match(text, '^%d+', deadline + 1)
  end
end

local marks, held, stale, corrected = {}, {}, {}, 0
local free = gsub(seats, '[^-]', '0')
for i = 1, #free do marks[i] = sub(free, i, i) end
for i = 1, #owners, 2 do
  local hold, at = holds[owners[i + 1]], owners[i] + 1
  if hold.mark and (marks[at] or '-') ~= '-' then
    marks[at] = hold.mark
    -- What the house keeps back has no buyer.
    if hold.uid ~= '' then held[hold.uid] = (held[hold.uid] or 0) + 1 end
  else
    stale[#stale + 1] = owners[i]
  end
end
local now = concat(marks)
if now ~= seats then
  for i = 1, #seats do
    if marks[i] ~= sub(seats, i, i) then corrected = corrected + 1 end
  end
end
local runs, zeros = {}, {}
local segments = redis.call('GET', keys.segments)
for at = 1, #segments, WIDTH do
  local first, last = match(segments, '^(%d+) (%d+)', at)
  local row = sub(now, first + 1, last + 1)
  local _, count = gsub(row, '0', '')
  runs[#runs + 1], zeros[#zeros + 1] = format('%d', run(row)), count
end

--- Runs a command for values that are more than one command takes.
local function inChunks(values, command)
  for first = 1, #values, CHUNK do command(first, min(first + CHUNK - 1, #values)) end
end
local buyers, due = {}, {}
for uid, count in pairs(held) do buyers[#buyers + 1], buyers[#buyers + 2] = uid, count end
for orderId, hold in pairs(holds) do
  if hold.mark == '1' then due[#due + 1], due[#due + 2] = hold.deadlineMs, orderId end
end
redis.call('SET', keys.seats, now)
redis.call('SET', keys.runs, concat(runs))
redis.call('DEL', keys.buyers)
inChunks(stale, function(i, j) redis.call('HDEL', keys.owners, unpack(stale, i, j)) end)
inChunks(buyers, function(i, j) redis.call('HSET', keys.buyers, unpack(buyers, i, j)) end)
inChunks(due, function(i, j) redis.call('ZADD', keys.deadlines, 'NX', unpack(due, i, j)) end)
for _, name in ipairs(cjson.decode(redis.call('HGET', keys.tiers, 'names'))) do
  local tier, first, last = match(redis.call('HGET', keys.tiers, 'tier:' .. name),
    '^(%d+) (%d+) (%-?%d+)$')
  local left = 0
  for i = first + 1, last + 1 do left = left + zeros[i] end
  redis.call('HSET', keys.meta, 'left:' .. tier, format('%d', left))
end
flag()
if corrected > 0 then
  local announce = require 'lib.announce'
  announce(nowMs)
end
return { 'OK', corrected }
