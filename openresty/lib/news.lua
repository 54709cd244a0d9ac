-- The push: the arbiter's scripts publish a sale when its line has changed (lua/lib/flag.lua), and
-- here it is heard. What is not heard, because a connection was away, the next pull brings.
local complaint = require "lib.complaint"
local resp = require "lib.resp"
local settings = require "lib.settings"

local ngx = ngx
local exiting = ngx.worker.exiting

local RETRY_S = 0.5
-- A worker that is asked to leave has left after this long.
local WAIT_MS = 250
-- After this many waits in silence the arbiter is asked whether it is there; after this many more
-- without an answer it is not.
local SILENT, GONE = 4, 12

local report = complaint("the arbiter cannot be heard, what changes is seen with the next pull",
    "the arbiter is heard")

local _M = {}


-- Hears what is said, as long as there is somebody to hear. Answers why not any more.
local function listen(sock, heard)
    local silence = 0
    while not exiting() do
        local message, err = resp.hear(sock, WAIT_MS)
        if message then
            silence = 0
            if message[1] == "message" then
                heard(message[2], message[3])
            end
        elseif message == nil then
            return err
        else
            silence = silence + 1
            if silence == SILENT then
                resp.tell(sock, { { "PING" } })
            elseif silence > GONE then
                return "it is silent"
            end
        end
    end
end


local function subscribe(heard)
    local sock, err = resp.connect(settings.arbiter)
    if not sock then
        return err
    end
    local commands = {}
    for i, shard in ipairs(settings.shards) do
        commands[i] = { "SUBSCRIBE", shard.flags }
    end
    local done
    done, err = resp.ask(sock, commands)
    if done then
        report(nil)
        err = listen(sock, heard)
    end
    sock:close()
    return err
end


-- One connection's life, and then the next one's, until the worker leaves.
local function live(premature, heard)
    if premature then
        return
    end
    local _, trouble = pcall(subscribe, heard)
    if not exiting() then
        report(trouble)
        ngx.timer.at(RETRY_S, live, heard)
    end
end


-- `heard(channel, sale)` is called for every message.
function _M.start(heard)
    assert(ngx.timer.at(0, live, heard))
end


return _M
