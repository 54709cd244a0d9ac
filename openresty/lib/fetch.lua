-- Which filters have to be fetched from the arbiter, and how one is. A filter is fetched when all
-- of this is so, and what is loaded stays as it is when one of the first three is not:
--
-- 1. by the arbiter's clock nobody can reserve any more, and the sale is not over: before, nobody
--    is refused for a miss, and after, nobody gets as far
-- 2. its line is another than that of the filter which is loaded
-- 3. the shard is whole, as whoever locks a seat demands it too: the run of Redis that is on record
--    is the one we talk to. One that came back older, or is being rebuilt, lacks reservations
-- 4. its bits have their seal: bits that were lost and began again lack reservations, too
local filters = require "lib.filters"
local resp = require "lib.resp"
local sales = require "lib.sales"
local settings = require "lib.settings"

local ngx = ngx
local log = ngx.log

-- What could not be loaded is tried again after so long, or when it has changed.
local PATIENCE_S = 10
local KEEP_S = settings.keepMs / 1000

local _M = {}

-- By sale: { line, until_s } of what was tried in vain.
local put_off = {}


local function put_off_for(wanted, why)
    local sale, line = wanted.sale, wanted.line
    local before = put_off[sale]
    if not before or before.line ~= line then
        log(ngx.ERR, "the filter of sale ", sale, " is not loaded, and refuses nobody: ", why)
    end
    put_off[sale] = { line = line, until_s = ngx.now() + PATIENCE_S }
end


local function is_put_off(sale, line)
    local before = put_off[sale]
    return before and before.line == line and ngx.now() < before.until_s
end


-- Looks through the lines of a shard, { sale, line, sale, line, … }, at a moment of the arbiter's
-- clock, and adds what has to be fetched to `wanted`. `run_id` is the run of Redis that the shard
-- is good on, nothing while it is not whole.
function _M.look(shard, lines, run_id, now_ms, wanted)
    for i = 1, #lines, 2 do
        local name, line = lines[i], lines[i + 1]
        local sale = sales.look_up(name)
        local phase = sale and sales.phase(sale, now_ms)
        if phase == "CLOSED" then
            filters.forget(name)
            put_off[name] = nil
        elseif sale and now_ms >= sale.reservation_closes_at_ms then
            filters.renew(name, KEEP_S)
            if run_id and filters.line_of(name) ~= line and not is_put_off(name, line) then
                wanted[#wanted + 1] = { shard = shard, sale = name, line = line, run_id = run_id }
            end
        end
    end
end


-- Fetches one filter. Answers true, also when it was not to be had; nothing and why when the
-- connection is of no more use.
function _M.fetch(sock, wanted)
    local filter = filters.parse(wanted.line)
    if not filter then
        put_off_for(wanted, "no line of a filter: " .. wanted.line)
        return true
    end
    -- The bits first: if the shard is whole, and the line the same, after they were read, they are
    -- the bits of that line.
    local replies, err = resp.ask(sock, {
        { "GETRANGE", filter.key, 0, filter.bits / 8 },
        { "HGET", wanted.shard.filters, wanted.sale },
        { "HGET", wanted.shard.epoch, "runId" },
    })
    if not replies then
        return nil, err
    end
    local bitmap, line, run_id = replies[1], replies[2], replies[3]
    if line ~= wanted.line or run_id ~= wanted.run_id then
        return true
    end
    if not filters.is_sealed(filter, bitmap) then
        -- The one that is loaded lacks whoever this line has more.
        filters.forget(wanted.sale)
        put_off_for(wanted, "its bits were lost")
        return true
    end
    local kept, why = filters.keep(wanted.sale, filter, bitmap, KEEP_S)
    if not kept then
        put_off_for(wanted, why)
    end
    return true
end


return _M
