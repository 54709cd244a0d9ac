-- Which generation of the catalogue is kept and answered: the id that mixins/generation.ts writes
-- after every change, pulled from the cache Redis by worker 0 into memory all workers share.
--
-- An id that was not confirmed for a second is believed no longer: a change may have been missed.
-- Then the generation is the second that the clock shows, so whatever happens, nothing answered is
-- much older than that, and each thing is asked of Node once a second.
--
-- A change that went through this edge is seen here at once: it is counted, and the count is part
-- of the generation. Other edges see it when they pull.
local resp = require "lib.resp"
local settings = require "lib.settings"

local ngx = ngx
local log = ngx.log
local floor = math.floor

local BELIEVED_S = 1
-- As long as it takes until a change that was answered is pulled, twice (mixins/generation.ts).
local TOLD_S = 2

local shared = ngx.shared.generation

local _M = {}

local pulling = false
local complaint


-- Says a trouble once, and once that it is over.
local function report(trouble)
    if trouble == complaint then
        return
    end
    complaint = trouble
    if trouble then
        log(ngx.ERR, "the generation of the catalogue is not known: ", trouble)
    else
        log(ngx.WARN, "the generation of the catalogue is known")
    end
end


local function counted(id)
    return id .. "." .. (shared:get("changes") or 0)
end


local function keep(id)
    local last = shared:get("last")
    if id ~= last then
        -- A change that went through this edge has been told of already.
        if last and not shared:get("told") then
            shared:set("before", counted(last))
        end
        shared:set("last", id)
    end
    shared:set("now", id, BELIEVED_S)
end


local function pull()
    local replies, err = resp.pipeline(settings.cache, { { "GET", settings.generation } })
    if not replies then
        return err
    end
    if not replies[1] then
        return "the cache has none"
    end
    keep(replies[1])
end


local function tick(premature)
    if premature or pulling then
        return
    end
    pulling = true
    local done, trouble = pcall(pull)
    pulling = false
    report(trouble or (not done and "a bug") or nil)
end


-- The generation to answer from, and to keep under.
function _M.now()
    return counted(shared:get("now") or "t" .. floor(ngx.now()))
end


-- The answer to somebody who manages the catalogue: what was changed is told by the edge, too.
function _M.answered()
    local method = ngx.req.get_method()
    if method ~= "GET" and method ~= "HEAD" and ngx.status < 300 then
        local last = shared:get("last")
        if last and not shared:get("told") then
            shared:set("before", counted(last))
        end
        shared:set("told", true, TOLD_S)
        shared:incr("changes", 1, 0)
    end
end


-- The one before it, for when what is asked for is not there and Node cannot be asked: what was
-- true a change ago is better than nothing.
function _M.before()
    if shared:get("now") then
        return shared:get("before") or ""
    end
    local last = shared:get("last")
    return last and counted(last) or ""
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
