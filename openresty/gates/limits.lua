-- How often may one ask? Whoever shows a permit is counted by uid, everybody else by address, so
-- that a hall full of buyers behind one address is not cut off. nginx counts (limit_req), between
-- the gates that stand before this one and those after it: here it is only said under which name.
-- An empty name is not counted.
--
-- What comes from an address is counted in three parts, so that a flood of the nameless leaves
-- buyers with a token, and the payment provider, their own share.
local settings = require "lib.settings"

local ngx = ngx

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


-- The limit that nginx found broken: its name and how many requests a second it allows; nothing
-- when it is the number of connections, which no waiting mends.
function _M.broken()
    local var = ngx.var
    if var.limit_req_status ~= "REJECTED" then
        return nil
    end
    if var.edge_uid_key ~= "" then
        return { limit = "uid", rate = settings.uidRate }
    end
    return { limit = "address", rate = settings.ipRate }
end


return _M
