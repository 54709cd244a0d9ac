-- Is this an operator? What the edge knows of itself is nobody else's business.
return {
    name = "operator_only",
    on_missing = "closed",
    check = function(req)
        if req:holder().role ~= "operator" then
            return "FORBIDDEN"
        end
    end,
}
