-- The one clockwork of the edge: worker 0 reads the sales of every shard from the arbiter, again
-- and again, into shared memory, and the filters that have changed. A sale that the arbiter names
-- (lib/news.lua) is read at once. All reading is done here, one question at a time, so that no old
-- answer overwrites a newer one.
--
-- A pull that fails changes nothing; what it did not confirm is forgotten in time, so an arbiter
-- that stays away closes no gate.
local semaphore = require "ngx.semaphore"
local complaint = require "lib.complaint"
local fetch = require "lib.fetch"
local news = require "lib.news"
local resp = require "lib.resp"
local sales = require "lib.sales"
local settings = require "lib.settings"

local ngx = ngx
local exiting = ngx.worker.exiting
local max, floor = math.max, math.floor
local match = string.match

local PULL_S = settings.pullMs / 1000
-- However many sales change, they are read once in so long.
local PAUSE_S = 0.02
-- When more sales than this have changed, all are read.
local CHANGED_MAX = 100

local report = complaint("the arbiter cannot be read, gates that ask it stay open",
    "the arbiter is read")

local _M = {}

-- Sales that were named since the last reading, by the flags key of their shard; how many.
local changed, changes = {}, 0
local woken = assert(semaphore.new())
local next_pull_s = 0


local function heard(flags, sale)
    changed[flags] = changed[flags] or {}
    if not changed[flags][sale] then
        changed[flags][sale] = true
        changes = changes + 1
    end
    if changes > CHANGED_MAX then
        changed, next_pull_s = {}, 0
    end
    if woken:count() <= 0 then
        woken:post(1)
    end
end


-- Asks, unless nobody may hear the answer any more: after a reload it is the new worker's to write.
local function ask(sock, commands)
    local replies, err = resp.ask(sock, commands)
    if exiting() then
        return nil, "leaving"
    end
    return replies, err
end


-- The run of Redis at the other end of a connection.
local function run_of(sock)
    local replies, err = ask(sock, { { "INFO", "server" } })
    return replies and match(replies[1], "run_id:(%w+)"), err
end


-- Reads the sales that were named.
local function read_changed(sock)
    local commands, names = {}, {}
    for flags, named in pairs(changed) do
        local command = { "HMGET", flags }
        for sale in pairs(named) do
            command[#command + 1] = sale
        end
        commands[#commands + 1], names[#names + 1] = command, command
    end
    changed, changes = {}, 0
    local replies, err = ask(sock, commands)
    if not replies then
        return nil, err
    end
    for shard, lines in ipairs(replies) do
        for i, line in ipairs(lines) do
            if line then
                sales.keep(names[shard][i + 2], line)
            end
        end
    end
    return true
end


-- Reads everything. Answers which filters have to be fetched; nothing and why when the connection
-- is of no more use.
local function read_all(sock, run_id)
    changed, changes = {}, 0
    next_pull_s = ngx.now() + PULL_S
    local commands = { { "TIME" } }
    for i, shard in ipairs(settings.shards) do
        commands[3 * i - 1] = { "HGETALL", shard.flags }
        commands[3 * i] = { "HGETALL", shard.filters }
        commands[3 * i + 1] = { "HGET", shard.epoch, "runId" }
    end
    local replies, err = ask(sock, commands)
    if not replies then
        return nil, err
    end
    local now_ms = replies[1][1] * 1000 + floor(replies[1][2] / 1000)
    local wanted, trouble = {}, nil
    for i, shard in ipairs(settings.shards) do
        local lines, filters, good_on = replies[3 * i - 1], replies[3 * i], replies[3 * i + 1]
        for k = 1, #lines, 2 do
            local kept, why = sales.keep(lines[k], lines[k + 1])
            trouble = trouble or (not kept and why or nil)
        end
        fetch.look(shard, filters, good_on == run_id and run_id or nil, now_ms, wanted)
    end
    report(trouble)
    return wanted
end


-- Reads over one connection, until it is of no more use or the worker leaves. Answers why.
local function read(sock)
    local run_id, err = run_of(sock)
    if not run_id then
        return err or "Redis does not say which run it is"
    end
    local wanted = {}
    while not exiting() do
        local done = true
        if ngx.now() >= next_pull_s then
            done, err = read_all(sock, run_id)
            wanted = done
        elseif changes > 0 then
            done, err = read_changed(sock)
        end
        if done and #wanted > 0 then
            done, err = fetch.fetch(sock, table.remove(wanted))
        end
        if not done then
            return err
        end
        ngx.sleep(PAUSE_S)
        if changes == 0 and #wanted == 0 then
            woken:wait(max(0, next_pull_s - ngx.now()))
        end
    end
end


local function connect_and_read()
    local sock, err = resp.connect(settings.arbiter)
    if not sock then
        return err
    end
    next_pull_s = 0
    err = read(sock)
    sock:close()
    return err
end


-- One connection's life, and then the next one's, until the worker leaves.
local function live(premature)
    if premature then
        return
    end
    local _, trouble = pcall(connect_and_read)
    if not exiting() then
        report(trouble)
        ngx.timer.at(PULL_S, live)
    end
end


-- Called in every worker; one of them pulls.
function _M.start()
    if ngx.worker.id() ~= 0 then
        return
    end
    assert(ngx.timer.at(0, live))
    news.start(heard)
end


return _M
