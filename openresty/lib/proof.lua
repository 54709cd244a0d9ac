-- What the gateway believes: the edge signs the moment, the method, the target, the uid and the
-- request id of every request it lets through (edgeAuthText in contracts/claims.ts).
local crypto = require "lib.crypto"
local settings = require "lib.settings"

local ngx = ngx
local floor = math.floor
local format = string.format

-- The first key of the ring signs; the gateway knows them all.
local key = settings.edge_key()

local _M = {}


function _M.sign(req)
    local var = ngx.var
    local uid = req:uid() or ""
    var.edge_uid = uid
    if not key then
        return
    end
    local t = format("%d", floor(req.now_ms))
    local text = t .. "\n" .. req.method .. "\n" .. var.request_uri .. "\n" .. uid .. "\n" ..
        var.edge_request
    var.edge_auth = "t=" .. t .. ",v1=" .. crypto.hmac_hex(key, text)
end


return _M
