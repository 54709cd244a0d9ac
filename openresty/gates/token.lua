-- Who asks? A token of an issuer we know, not yet expired. No key, no passage.
local jwt = require "lib.jwt"

return {
    name = "token",
    on_missing = "closed",
    check = function(req)
        if not jwt.ready() then
            return false
        end
        if not req:uid() then
            return "UNAUTHENTICATED"
        end
    end,
}
