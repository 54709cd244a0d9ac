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

local _M = { name = "limits", on_missing = "open" }


-- Says under which name a request is counted. It refuses nobody: nginx does.
function _M.check(req)
    local var = ngx.var
    local part = NAMELESS
    if req.sale and req:permit() then
        part = UID
        var.edge_uid = req:uid()
    elseif req.route == "provider" then
        part = PROVIDER
    elseif req:uid() then
        part = NAMED
    end
    var.edge_part = part
end


return _M
