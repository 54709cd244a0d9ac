-- The ORDER of the gates: one list per route, the cheapest refusal first. nginx has already held
-- the request against the limits of its headers and its body when it comes here.
--
-- A gate is { name, on_missing, check }. `check(req)` answers nothing: pass; a refusal word, with
-- data: no; `false`: what I ask for is not loaded. Then `on_missing` decides: "open" lets the next
-- gate (and in the end Node, which is always right) decide; "closed" refuses with BUSY.
-- A gate never answers by itself and never asks anybody outside this process.
--
-- `limits` is no gate, it divides a list: nginx counts, so what stands before it is asked when a
-- location sets its variables, and what stands after it in the access phase. What is refused before
-- it is said after it: guessing tokens is a flood, too. All but what an `early` gate says, which
-- nginx writes at once: most of a rush hears nothing else.
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
local concat = table.concat
local format = string.format
local ipairs = ipairs

local _M = {}

_M.routes = {
    probe = { method },
    pages = { method, limits },
    -- What the cache of the catalogue asks: whoever asked it has been counted.
    inside = { method },
    sandbox = { method, sandbox_only },
    public = { method, limits },
    provider = { method, limits },
    member = { method, token, limits },
    metrics = { method, token, operator_only, limits },
    description = { method, token, operator_only, limits },
    reservations = { method, token, limits, reservation_window },
    permits = { method, token, limits, reserved },
    locks = { method, sold_out, token, permit, limits, sale_window, reserved },
}

local REFUSE = {
    open = "    if word then return gate%d, word, data end",
    closed = "    if word or word == false then return gate%d, word or 'BUSY', data end",
}


-- What a list of gates makes of a request: the first gate that says no, and its refusal; nothing
-- when all let it pass. It is written out gate by gate, because LuaJIT compiles no loop as a part
-- of what is around it, and everything here is around some gate.
local function chained(gates)
    local heads, lines = { "local gates = ..." }, { "return function(req)", "    local word, data" }
    for place, gate in ipairs(gates) do
        heads[#heads + 1] = format("local gate%d, check%d = gates[%d], gates[%d].check",
            place, place, place, place)
        lines[#lines + 1] = format("    word, data = check%d(req)", place)
        lines[#lines + 1] = format(REFUSE[gate.on_missing], place)
    end
    lines[#lines + 1] = "end"
    local text = concat(heads, "\n") .. "\n" .. concat(lines, "\n")
    return assert(loadstring(text, "=gates"))(gates)
end


-- A list as its phases see it; `after` is nothing when the route is not counted.
local function divided(route, gates)
    local before, after = {}, nil
    for place, gate in ipairs(gates) do
        if gate == limits then
            after = {}
        else
            local whole = gate.name and gate.check and REFUSE[gate.on_missing]
            assert(whole, route .. ": gate " .. place .. " is no gate")
            local part = after or before
            part[#part + 1] = gate
        end
    end
    return { before = chained(before), after = after and chained(after) }
end


local parts = {}
for route, gates in pairs(_M.routes) do
    parts[route] = divided(route, gates)
end


-- Where a location sets its variables: the gates before the counting. Answers the part under which
-- nginx counts; an empty one is not counted.
function _M.enter(route, sale)
    local req = request.enter(route, sale)
    local part = parts[route]
    local gate, word, data = part.before(req)
    -- Whoever made us look at a signature first is counted like everybody.
    if gate and gate.early and req.known_permit == nil then
        ngx.var.edge_refusal = problem.begin(route, gate.name, word)
        return ""
    end
    req.gate, req.word, req.data = gate, word, data
    local counted = part.after and limits.part_of(req) or ""
    -- Last: what fails before it leaves nothing for anybody to take.
    request.hold()
    return counted
end


-- The access phase: what was held back until it was counted, the gates after that, and the proof
-- for Node.
function _M.pass()
    local req = assert(request.take(), "it has not entered")
    local gate, word, data = req.gate, req.word, req.data
    local after = parts[req.route].after
    if not gate and after then
        gate, word, data = after(req)
    end
    if gate then
        return problem.refuse(req.route, gate.name, word, data)
    end
    meter.count(req.route, "", "")
    ngx.var.edge_mark = req:mark()
    proof.sign(req)
end


-- What nginx has counted too much of: the beginning of its refusal.
function _M.too_much()
    local req = request.take()
    local route = req and req.route or ngx.var.edge_route
    local begun = problem.begin_here(route, limits.name, "RATE_LIMITED")
    return begun
end


return _M
