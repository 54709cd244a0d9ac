-- Does this system have a sandbox? In production mode what stands for the world outside is absent.
local settings = require "lib.settings"

return {
    name = "sandbox_only",
    on_missing = "closed",
    check = function()
        if settings.mode ~= "sandbox" then
            return "NOT_FOUND"
        end
    end,
}
