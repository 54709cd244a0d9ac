-- Can one still reserve? Who did in time is answered again at any time: only a stranger is refused.
return {
    name = "reservation_window",
    on_missing = "open",
    check = function(req)
        if req.method ~= "POST" then
            return
        end
        local stranger = req:is_stranger()
        if stranger == nil then
            return false
        end
        if stranger then
            return "RESERVATION_CLOSED"
        end
    end,
}
