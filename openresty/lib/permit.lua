-- What a permit says, once its signature has been held against this uid and this session. The wire
-- form and the signed text are those of contracts/claims.ts.
local lrucache = require "resty.lrucache"
local crypto = require "lib.crypto"
local settings = require "lib.settings"

local match = string.match

local PERMIT_MAX = 256
local REMEMBERED = 40000
local FORM = "^([a-z0-9]+)%.(%d+)%.(%d+)%.([%w_-]+)$"

local keys = settings.keyring("permit")
-- Permits that were good, by everything that made them so.
local verified = assert(lrucache.new(REMEMBERED))

local _M = {}


-- True when there is a key to verify with.
function _M.ready()
    return next(keys) ~= nil
end


local function verify(header, uid, session)
    local kid, not_before, expires_at, mac = match(header, FORM)
    local key = kid and keys[kid]
    if not key then
        return nil
    end
    local text = kid .. "|" .. uid .. "|" .. session .. "|" .. not_before .. "|" .. expires_at
    if not crypto.same(crypto.hmac_base64url(key, text), mac) then
        return nil
    end
    return { not_before_ms = tonumber(not_before), expires_at_ms = tonumber(expires_at) }
end


-- The permit in a header, when we signed it for this uid and this session; whether it has run out
-- is for the caller, who knows the sale.
function _M.read(header, uid, session)
    if #header > PERMIT_MAX then
        return nil
    end
    local all = header .. "|" .. uid .. "|" .. session
    local permit = verified:get(all)
    if not permit then
        permit = verify(header, uid, session)
        if permit then
            verified:set(all, permit)
        end
    end
    return permit
end


return _M
