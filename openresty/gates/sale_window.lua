-- Is the sale open at this moment? After it has opened, a repeated request passes whatever became
-- of the sale: seckill has its answer. Before, there is nothing that could be repeated.
local sales = require "lib.sales"

local WORD = { SCHEDULED = "SALE_NOT_OPEN", PAUSED = "SALE_PAUSED", CLOSED = "SALE_CLOSED" }

return {
    name = "sale_window",
    on_missing = "open",
    check = function(req)
        if req.method ~= "POST" then
            return
        end
        local sale = req:state()
        if not sale then
            return false
        end
        local phase = sales.phase(sale, req.now_ms)
        local word = WORD[phase]
        if phase == "SCHEDULED" then
            return word, { opensAtMs = sale.opens_at_ms }
        end
        if word and not req:may_repeat() then
            return word
        end
    end,
}
