#!lua flags=allow-oom
--- sell: the seats an order paid for become SOLD, if that order still holds every one of them.
-- Why a script: the look at the owners and the marks on the seats must be one moment, and the
-- message must exist exactly when the sale does.
-- Flags: allow-oom, because money has been taken and a full arbiter must still keep its word.
-- KEYS: holds meta epoch owners plan seats runs deadlines seat.moved
-- ARGV: sale orderId runId nowMs
-- Returns: OK changed | NOT_FOUND
local clock = require 'lib.clock'
local held = require 'lib.held'
local settle = require 'lib.settle'

local nowMs = clock()
local gate = redis.call('HGET', keys.meta, 'gate')
if not gate then return { 'NOT_FOUND' } end
local hold = held(string.match(gate, '%d+$'))
if not hold or hold.state ~= 'LOCKED' or #hold.texts < #hold.asked then return { 'OK', 0 } end

local move = { type = 'sold', to = '2', state = 'SOLD', reason = 'PAID', moved = 0 }
settle(hold, move, nowMs)
return { 'OK', 1 }
