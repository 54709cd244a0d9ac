-- A request as the gates see it. What costs something (the token, the permit) is looked at when a
-- gate first asks, and once.
local ffi = require "ffi"
local filters = require "lib.filters"
local holders = require "lib.holder"
local jwt = require "lib.jwt"
local permits = require "lib.permit"
local sales = require "lib.sales"

local get_request = require("resty.core.base").get_request

local ngx = ngx
local tonumber = tonumber
local UID, HASH1, HASH2 = holders.UID, holders.HASH1, holders.HASH2
local _M = {}
local mt = { __index = _M }


-- All it will ever have, so that it is given room once.
local function empty()
    local req = setmetatable({
        route = false,
        sale = nil,
        method = nil,
        now_ms = nil,
        known_holder = nil,
        known_permit = nil,
        known_state = nil,
        gate = nil,
        word = nil,
        data = nil,
    }, mt)
    return req
end


local function fill(req, route, sale)
    req.route, req.sale = route, sale
    req.method = ngx.req.get_method()
    req.now_ms = ngx.now() * 1000
    req.known_holder, req.known_permit, req.known_state = nil, nil, nil
end


-- `sale` is the session that the path names, if any.
function _M.new(route, sale)
    local req = empty()
    fill(req, route, sale)
    return req
end


-- The request nginx is at, between its variables and its access phase: nothing waits there, so one
-- is enough, and a flood leaves no garbage. `at` is where nginx has it, nothing once it was taken.
local current, at = empty(), nil


local function place()
    local where = tonumber(ffi.cast("uintptr_t", get_request()))
    return where
end


-- Like `new`, until the next request comes.
function _M.enter(route, sale)
    at = nil
    fill(current, route, sale)
    return current
end


-- Whoever entered goes on to the access phase.
function _M.hold()
    at = place()
end


-- What entered as the request nginx is at; nothing for any other, and nothing twice.
function _M.take()
    local held = at == place() and current or nil
    at = nil
    return held
end


-- Whom a valid token speaks for (lib/jwt.lua); false when there is none.
function _M:holder()
    if self.known_holder == nil then
        local header = ngx.var.http_authorization
        self.known_holder = header and jwt.holder_of(header, self.now_ms / 1000) or false
    end
    return self.known_holder
end


-- The uid of a valid token; false when there is none.
function _M:uid()
    local holder = self:holder()
    return holder and holder[UID]
end


-- How the log names who asks.
function _M:mark()
    local holder = self:holder()
    return holder and jwt.mark_of(holder) or ""
end


-- When the permit we signed for this uid and session ends or has ended, in milliseconds; false when
-- there is none.
function _M:permit()
    if self.known_permit == nil then
        local holder = self:holder()
        local header = holder and ngx.var.http_x_permit
        self.known_permit = header and permits.read(header, holder, self.sale) or false
    end
    return self.known_permit
end


-- What the edge knows of the sale that is asked for; nothing when that is nothing.
function _M:state()
    if self.known_state == nil then
        self.known_state = sales.of(self.sale, self.now_ms) or false
    end
    return self.known_state or nil
end


local function hashes_of(holder)
    if not holder[HASH1] then
        holder[HASH1], holder[HASH2] = filters.hashes_of(holder[UID])
    end
    return holder[HASH1], holder[HASH2]
end


-- Is it certain that this buyer did not reserve? Only when nobody can reserve any more, and the
-- filter was fetched after that, a miss is an answer; nothing when there is no filter, as where no
-- reservation is needed.
function _M:is_stranger()
    local sale = self:state()
    local filter = sale and filters.of(self.sale, self.now_ms)
    if not filter then
        return nil
    end
    return self.now_ms >= sale.reservation_closes_at_ms
        and not filters.may_contain(filter, hashes_of(self:holder()))
end


-- May this be a request that was answered before? Then seckill has the answer. The permit may have
-- run out meanwhile: what it let its buyer do, it did in time.
function _M:may_repeat()
    local key = ngx.var.http_idempotency_key
    return key ~= nil and key ~= "" and self:permit() ~= false
end


return _M
