-- Did this buyer reserve? When the sale is over, that tells a buyer more, and is Node's to say.
local sales = require "lib.sales"

return {
    name = "reserved",
    on_missing = "open",
    check = function(req)
        if req.method ~= "POST" then
            return
        end
        local stranger = req:is_stranger()
        if stranger == nil then
            return false
        end
        if stranger and sales.phase(sales.of(req.sale), req.now_ms) ~= "CLOSED" then
            return "NOT_RESERVED"
        end
    end,
}
