-- The ORDER of the gates: one list per route, the cheapest refusal first. nginx has already held
-- the request against the limits of its headers and its body when it comes here.
--
-- A gate is { name, on_missing, check }. `check(req)` answers nothing: pass; a refusal word, with
-- data: no; `false`: what I ask for is not loaded. Then `on_missing` decides: "open" lets the next
-- gate (and in the end Node, which is always right) decide; "closed" refuses with BUSY.
-- A gate never answers by itself and never asks anybody outside this process.
local method = require "gates.method"
local sandbox_only = require "gates.sandbox_only"
local sold_out = require "gates.sold_out"
local token = require "gates.token"
local permit = require "gates.permit"
local sale_window = require "gates.sale_window"
local problem = require "lib.problem"
local proof = require "lib.proof"
local request = require "lib.request"

local ngx = ngx
local ipairs = ipairs

local _M = {}

_M.routes = {
    public = { method },
    sandbox = { method, sandbox_only },
    member = { method, token },
    locks = { method, sold_out, token, permit, sale_window },
}

for route, gates in pairs(_M.routes) do
    for place, gate in ipairs(gates) do
        local declared = gate.on_missing == "open" or gate.on_missing == "closed"
        assert(gate.name and gate.check and declared, route .. ": gate " .. place .. " is no gate")
    end
end


-- The refusal of the first gate that says no, and that gate; nothing when all let it pass.
local function refusal_of(gates, req)
    for _, gate in ipairs(gates) do
        local word, data = gate.check(req)
        if word == false and gate.on_missing == "closed" then
            return gate, "BUSY"
        end
        if word then
            return gate, word, data
        end
    end
end


function _M.run()
    local req = request.new()
    local gate, word, data = refusal_of(_M.routes[req.route], req)
    if gate then
        ngx.var.edge_gate = gate.name
        return problem.say(word, data)
    end
    proof.sign(req)
end


return _M
