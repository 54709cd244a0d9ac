-- Did this buyer reserve? Only when nobody can reserve any more, and the filter was fetched after
-- that, a miss is an answer. Where no reservation is needed there is no filter. When the sale is
-- over, that tells a buyer more, and is Node's to say.
local filters = require "lib.filters"
local sales = require "lib.sales"

return {
    name = "reserved",
    on_missing = "open",
    check = function(req)
        if req.method ~= "POST" then
            return
        end
        local sale = sales.of(req.sale)
        local filter = sale and filters.of(req.sale)
        if not filter then
            return false
        end
        local now_ms = req.now_ms
        if now_ms < sale.reservation_closes_at_ms or sales.phase(sale, now_ms) == "CLOSED" then
            return
        end
        if not filters.may_contain(filter, req:uid()) then
            return "NOT_RESERVED"
        end
    end,
}
