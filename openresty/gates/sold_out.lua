-- Is there a seat left? Asked first, because in a rush it is what most will hear, and it costs one
-- look into shared memory. Only while the sale is open: before and after, the clock has the word.
-- A repeated request (Idempotency-Key and a permit that is valid) passes: seckill has its answer.
local sales = require "lib.sales"

return {
    name = "sold_out",
    on_missing = "open",
    early = true,
    check = function(req)
        if req.method ~= "POST" then
            return
        end
        local sale = sales.of(req.sale)
        if not sale then
            return false
        end
        if sale.sold_out and sales.phase(sale, req.now_ms) == "OPEN" and not req:may_repeat() then
            return "SOLD_OUT"
        end
    end,
}
