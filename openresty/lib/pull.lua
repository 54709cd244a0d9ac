-- The one clockwork of the edge: worker 0 reads the sales of every shard from the arbiter, again
-- and again, into shared memory. A pull that fails changes nothing; what it did not confirm is
-- forgotten in time (lib/sales.lua), so an arbiter that stays away closes no gate.
local resp = require "lib.resp"
local sales = require "lib.sales"
local settings = require "lib.settings"

local ngx = ngx
local log = ngx.log

local _M = {}

local running = false
local complaint


-- Says a trouble once, and once that it is over: five times a second would bury the log.
local function report(trouble)
    if trouble == complaint then
        return
    end
    complaint = trouble
    if trouble then
        log(ngx.ERR, "the arbiter cannot be read, gates that ask it stay open: ", trouble)
    else
        log(ngx.WARN, "the arbiter is read")
    end
end


local function pull()
    local commands = {}
    for i, flags in ipairs(settings.flags) do
        commands[i] = { "HGETALL", flags }
    end
    local replies, err = resp.pipeline(settings.arbiter, commands)
    if not replies then
        return err
    end
    local trouble
    for _, pairs_of_shard in ipairs(replies) do
        for i = 1, #pairs_of_shard, 2 do
            local kept, why = sales.keep(pairs_of_shard[i], pairs_of_shard[i + 1])
            trouble = trouble or (not kept and why or nil)
        end
    end
    return trouble
end


local function tick(premature)
    if premature or running then
        return
    end
    running = true
    local done, trouble = pcall(pull)
    running = false
    report(done and trouble or (not done and trouble) or nil)
end


-- Called in every worker; one of them pulls, at once and then by the clock until it leaves.
function _M.start()
    if ngx.worker.id() ~= 0 then
        return
    end
    assert(ngx.timer.at(0, tick))
    assert(ngx.timer.every(settings.pullMs / 1000, tick))
end


return _M
