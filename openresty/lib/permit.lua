-- What a permit says, once its signature has been held against this uid and this session. The wire
-- form and the signed text are those of contracts/claims.ts.
local crypto = require "lib.crypto"
local memory = require "lib.memory"
local settings = require "lib.settings"

local match = string.match

local PERMIT_MAX = 256
-- The form of a session's id (contracts/ids.ts). Nothing else can have a permit.
local SESSION = "^[0-9a-hjkmnp-tv-z]+$"
local SESSION_LENGTH = 16
local REMEMBERED = 25000
local FORM = "^([a-z0-9]+)%.(%d+)%.(%d+)%.([%w_-]+)$"

local keys = settings.keyring("permit")
-- Permits that were good, and for whom: the same for another is none.
local verified = memory.new(REMEMBERED)

local _M = {}


-- True when there is a key to verify with.
function _M.ready()
    return next(keys) ~= nil
end


local function verify(header, uid, session)
    if #session ~= SESSION_LENGTH or not match(session, SESSION) then
        return nil
    end
    local kid, not_before, expires_at, mac = match(header, FORM)
    local key = kid and keys[kid]
    if not key then
        return nil
    end
    local text = kid .. "|" .. uid .. "|" .. session .. "|" .. not_before .. "|" .. expires_at
    if not crypto.same(crypto.hmac_base64url(key, text), mac) then
        return nil
    end
    return {
        uid = uid,
        session = session,
        not_before_ms = tonumber(not_before),
        expires_at_ms = tonumber(expires_at),
    }
end


-- The permit in a header, when we signed it for this uid and this session; whether it has run out
-- is for the caller, who knows the sale.
function _M.read(header, uid, session)
    if #header > PERMIT_MAX then
        return nil
    end
    local permit = verified:get(header)
    if permit then
        return permit.uid == uid and permit.session == session and permit or nil
    end
    permit = verify(header, uid, session)
    if permit then
        verified:set(header, permit)
    end
    return permit
end


return _M
