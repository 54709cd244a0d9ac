-- How often may one ask? Whoever shows a permit is counted by uid, everybody else by address, so
-- that a hall full of buyers behind one address is not cut off. nginx counts (limit_req), between
-- the gates that stand before this one and those after it: here it is only said under which name.
-- An empty name is not counted.
--
-- What comes from an address is counted in three parts, so that a flood of the nameless leaves
-- buyers with a token, and the payment provider, their own share.
local settings = require "lib.settings"

local ngx = ngx

local format = string.format

-- nginx leaves it to us to refuse (dry run), except where no Lua runs.
local OVER = { REJECTED = true, REJECTED_DRY_RUN = true }

local NAMELESS, NAMED, PROVIDER = "a", "t", "p"

local _M = { name = "limits", on_missing = "open" }


-- Says under which name a request is counted. It refuses nobody: nginx does.
function _M.check(req)
    local var = ngx.var
    if req.sale ~= "" and req:permit() then
        var.edge_uid_key = req:uid()
        return
    end
    local part = NAMELESS
    if req.route == "provider" then
        part = PROVIDER
    elseif req:uid() then
        part = NAMED
    end
    var.edge_address_key = part .. var.binary_remote_addr
end


-- The fields of draft-ietf-httpapi-ratelimit-headers: a second brings as many as the rate.
local function fields(limit, rate)
    return { policy = format('"%s";q=%d;w=1', limit, rate), state = format('"%s";r=0;t=1', limit) }
end


local BROKEN = {
    address = fields("address", settings.ipRate),
    uid = fields("uid", settings.uidRate),
}


-- Has nginx counted too much? Then RATE_LIMITED, with the fields of the limit that is broken; those
-- of none when it is the number of connections, which waiting a second does not mend.
function _M.verdict()
    local var = ngx.var
    local counted = var.limit_req_status
    if counted and OVER[counted] then
        return "RATE_LIMITED", var.edge_uid_key ~= "" and BROKEN.uid or BROKEN.address
    end
    local open = var.limit_conn_status
    if open and OVER[open] then
        return "RATE_LIMITED"
    end
end


return _M
