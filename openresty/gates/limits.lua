-- How often may one ask? Whoever shows a permit is counted by uid, everybody else by address, so
-- that a hall full of buyers behind one address is not cut off. nginx counts and refuses
-- (limit_req), between the gates that stand before this one and those after it: here it is only
-- said under which name.
--
-- What comes from an address is counted in three parts, so that a flood of the nameless leaves
-- buyers with a token, and the payment provider, their own share.
local ngx = ngx

-- The parts as nginx.conf knows them: who is counted by uid, and the three parts of an address.
local UID, NAMELESS, NAMED, PROVIDER = "uid", "a", "t", "p"

local _M = { name = "limits" }


-- Under which name a request is counted: the uid's for nginx to read, and the part, which is
-- answered. It refuses nobody: nginx does.
function _M.part_of(req)
    if req.sale and req:permit() then
        ngx.var.edge_uid = req:uid()
        return UID
    end
    if req.route == "provider" then
        return PROVIDER
    end
    return req:uid() and NAMED or NAMELESS
end


return _M
