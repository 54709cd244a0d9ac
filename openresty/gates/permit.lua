-- May this buyer try for seats of this session? A permit runs out with its sale: when the sale is
-- known to be over, the next gate says so, which tells a buyer more; when it begins is that gate's
-- to say, too. A repeated request gets its first answer also after that.
local permits = require "lib.permit"
local sales = require "lib.sales"

return {
    name = "permit",
    on_missing = "closed",
    check = function(req)
        if req.method ~= "POST" then
            return
        end
        if not permits.ready() then
            return false
        end
        local ends_ms = req:permit()
        if not ends_ms then
            return "PERMIT_INVALID"
        end
        if req.now_ms < ends_ms or req:may_repeat() then
            return
        end
        local sale = req:state()
        if not sale or sales.phase(sale, req.now_ms) ~= "CLOSED" then
            return "PERMIT_INVALID"
        end
    end,
}
