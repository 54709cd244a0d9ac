-- The ORDER of the gates: one list per route, the cheapest refusal first. nginx has already held
-- the request against the limits of its headers and its body when it comes here.
--
-- A gate is { name, on_missing, check }. `check(req)` answers nothing: pass; a refusal word, with
-- data: no; `false`: what I ask for is not loaded. Then `on_missing` decides: "open" lets the next
-- gate (and in the end Node, which is always right) decide; "closed" refuses with BUSY.
-- A gate never answers by itself and never asks anybody outside this process.
--
-- A gate that is `early` is asked when nginx sets its variables, and nginx writes its refusal: most
-- of a rush hears no other, and an answer of Lua's would cost more.
--
-- `limits` divides a list: nginx counts after it, so what stands before it runs in the rewrite
-- phase and what stands after it in the access phase. A gate that is `counted` is passed by nobody
-- without credentials, so its refusal is said after the counting: guessing tokens is a flood, too.
local method = require "gates.method"
local sandbox_only = require "gates.sandbox_only"
local sold_out = require "gates.sold_out"
local token = require "gates.token"
local operator_only = require "gates.operator_only"
local permit = require "gates.permit"
local limits = require "gates.limits"
local sale_window = require "gates.sale_window"
local reservation_window = require "gates.reservation_window"
local reserved = require "gates.reserved"
local meter = require "lib.meter"
local problem = require "lib.problem"
local proof = require "lib.proof"
local request = require "lib.request"

local ngx = ngx
local ipairs = ipairs

local _M = {}

_M.routes = {
    probe = { method },
    -- What the cache of the catalogue asks: whoever asked it has been counted.
    inside = { method },
    sandbox = { method, sandbox_only },
    public = { method, limits },
    provider = { method, limits },
    member = { method, token, limits },
    metrics = { method, token, operator_only, limits },
    reservations = { method, token, limits, reservation_window },
    permits = { method, token, limits, reserved },
    locks = { method, sold_out, token, permit, limits, sale_window, reserved },
}

-- A list as its two phases see it; `after` is nothing when the route is not counted.
local function divided(route, gates)
    local early, before, after = {}, {}, nil
    for place, gate in ipairs(gates) do
        local declared = gate.on_missing == "open" or gate.on_missing == "closed"
        assert(gate.name and gate.check and declared, route .. ": gate " .. place .. " is no gate")
        if gate == limits then
            after = {}
        else
            local part = gate.early and early or after or before
            part[#part + 1] = gate
        end
    end
    return { early = early, before = before, after = after }
end


local parts = {}
for route, gates in pairs(_M.routes) do
    parts[route] = divided(route, gates)
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


-- Before the rewrite phase, where a location asks for it: the beginning of a refusal for nginx to
-- write, or nothing.
function _M.early()
    local req = request.new()
    local gate, word = refusal_of(parts[req.route].early, req)
    return gate and problem.begin(gate.name, word) or ""
end


-- The rewrite phase: the gates before the counting, and under which name nginx counts.
function _M.enter()
    local req = request.new()
    local part = parts[req.route]
    local gate, word, data = refusal_of(part.before, req)
    if gate and not (gate.counted and part.after) then
        return problem.say(gate.name, word, data)
    end
    req.gate, req.word, req.data = gate, word, data
    ngx.ctx.req = req
    if part.after then
        limits.check(req)
    end
end


-- The access phase: what was counted, what was held back until it was, the gates after it, and the
-- proof for Node.
function _M.pass()
    local req = ngx.ctx.req
    local after = parts[req.route].after
    if after then
        local word, data = limits.verdict()
        if word then
            return problem.say(limits.name, word, data)
        end
        if req.gate then
            return problem.say(req.gate.name, req.word, req.data)
        end
        local gate
        gate, word, data = refusal_of(after, req)
        if gate then
            return problem.say(gate.name, word, data)
        end
    end
    meter.count(req.route, "", "")
    if req:holder() then
        ngx.var.edge_mark = req:holder().mark
    end
    proof.sign(req)
end


-- What nginx refused by itself, where the gates have no say.
function _M.too_much()
    return problem.say(limits.name, limits.verdict())
end


return _M
