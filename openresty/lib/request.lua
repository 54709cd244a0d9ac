-- A request as the gates see it. What costs something (the token, the permit) is looked at when a
-- gate first asks, and once.
local filters = require "lib.filters"
local jwt = require "lib.jwt"
local permits = require "lib.permit"
local sales = require "lib.sales"

local ngx = ngx
local sub = string.sub
local find = string.find

local _M = {}
local mt = { __index = _M }

-- The form of a session's id (contracts/ids.ts). Nothing else can have a permit.
local SESSION = "^[0-9a-hjkmnp-tv-z]+$"
local SESSION_LENGTH = 16
local BEARER = "Bearer "


function _M.new()
    local var = ngx.var
    return setmetatable({
        route = var.edge_route,
        sale = var.edge_sale,
        method = ngx.req.get_method(),
        now_ms = ngx.now() * 1000,
    }, mt)
end


-- Whom a valid token speaks for (lib/jwt.lua); false when there is none.
function _M:holder()
    if self.known_holder == nil then
        local header = ngx.var.http_authorization
        local bears = header and sub(header, 1, #BEARER) == BEARER
        local holder = bears and jwt.holder_of(sub(header, #BEARER + 1), self.now_ms / 1000)
        self.known_holder = holder or false
    end
    return self.known_holder
end


-- The uid of a valid token; false when there is none.
function _M:uid()
    local holder = self:holder()
    return holder and holder.uid
end


-- The permit we signed for this uid and session, expired or not; false when there is none.
function _M:permit()
    if self.known_permit == nil then
        local header = ngx.var.http_x_permit
        local sale = self.sale
        local named = header and #sale == SESSION_LENGTH and find(sale, SESSION)
        local uid = named and self:uid()
        self.known_permit = uid and permits.read(header, uid, sale) or false
    end
    return self.known_permit
end


-- Is it certain that this buyer did not reserve? Only when nobody can reserve any more, and the
-- filter was fetched after that, a miss is an answer; nothing when there is no filter, as where no
-- reservation is needed.
function _M:is_stranger()
    local sale = sales.of(self.sale)
    local filter = sale and filters.of(self.sale)
    if not filter then
        return nil
    end
    return self.now_ms >= sale.reservation_closes_at_ms
        and not filters.may_contain(filter, self:uid())
end


-- May this be a request that was answered before? Then seckill has the answer. The permit may have
-- run out meanwhile: what it let its buyer do, it did in time.
function _M:may_repeat()
    local key = ngx.var.http_idempotency_key
    return key ~= nil and key ~= "" and self:permit() ~= false
end


return _M
