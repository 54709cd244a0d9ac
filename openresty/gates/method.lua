-- Is this a method that any path answers? Which path answers which is Node's to say.
local ANSWERED = { GET = true, HEAD = true, POST = true, PATCH = true, DELETE = true }

return {
    name = "method",
    on_missing = "closed",
    check = function(req)
        if not ANSWERED[req.method] then
            return "METHOD_NOT_ALLOWED"
        end
    end,
}
