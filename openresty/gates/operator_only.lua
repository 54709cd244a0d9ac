-- Is this an operator? What the edge knows of itself is nobody else's business.
local ROLE = require("lib.holder").ROLE

return {
    name = "operator_only",
    on_missing = "closed",
    check = function(req)
        if req:holder()[ROLE] ~= "operator" then
            return "FORBIDDEN"
        end
    end,
}
