-- What the edge knows of the sales, in memory all workers share: one string per sale, as the
-- arbiter keeps it, "<switch> <opensAtMs> <closesAtMs> <reservationClosesAtMs> <soldOut>". It is
-- forgotten when no pull has confirmed it for a while, and what is not known closes no gate.
local memory = require "lib.memory"
local settings = require "lib.settings"

local match = string.match
local tonumber = tonumber

local FORM = "^(%u+) (%d+) (%d+) (%d+) ([01])$"

local shared = ngx.shared.sales
local read = memory.new(1000)

local _M = {}


local function parse(text)
    local switch, opens_at, closes_at, reservation_closes_at, sold_out = match(text, FORM)
    return switch and {
        switch = switch,
        opens_at_ms = tonumber(opens_at),
        closes_at_ms = tonumber(closes_at),
        reservation_closes_at_ms = tonumber(reservation_closes_at),
        sold_out = sold_out == "1",
    }
end


-- The sale of this id, or nothing when the edge does not know it.
function _M.look_up(sale)
    local text = shared:get(sale)
    if not text then
        return nil
    end
    local known = read:get(text)
    if not known then
        known = parse(text)
        read:set(text, known)
    end
    return known
end


-- What was looked up last, and when: in a rush most ask for one sale, many in a millisecond.
local last, last_ms, last_known


-- The same for a request that came at this moment: what was looked up then is good for it.
function _M.of(sale, now_ms)
    if sale ~= last or now_ms ~= last_ms then
        last, last_ms, last_known = sale, now_ms, _M.look_up(sale)
    end
    return last_known
end


-- What the clock and the organiser make of a sale: SCHEDULED, OPEN, PAUSED or CLOSED.
function _M.phase(sale, now_ms)
    if sale.switch == "CLOSED" or now_ms >= sale.closes_at_ms then
        return "CLOSED"
    end
    if sale.switch == "PAUSED" then
        return "PAUSED"
    end
    return now_ms < sale.opens_at_ms and "SCHEDULED" or "OPEN"
end


-- Keeps what a pull brought. Answers whether it is a sale at all.
function _M.keep(sale, text)
    if not parse(text) then
        return false, "no state of a sale: " .. text
    end
    return shared:set(sale, text, settings.keepMs / 1000)
end


return _M
