-- When a permit ends, once its signature has been held against this uid and this session. The wire
-- form and the signed text are those of contracts/claims.ts. The last good one is remembered with
-- the token it was shown with.
local crypto = require "lib.crypto"
local holders = require "lib.holder"
local settings = require "lib.settings"

local match = string.match
local UID, PERMIT = holders.UID, holders.PERMIT
local SESSION, PERMIT_ENDS_MS = holders.SESSION, holders.PERMIT_ENDS_MS

local PERMIT_MAX = 256
-- The form of a session's id (contracts/ids.ts). Nothing else can have a permit.
local SESSION_FORM = "^[0-9a-hjkmnp-tv-z]+$"
local SESSION_LENGTH = 16
local FORM = "^([a-z0-9]+)%.(%d+)%.(%d+)%.([%w_-]+)$"

local keys = settings.keyring("permit")

local _M = {}


-- True when there is a key to verify with.
function _M.ready()
    return next(keys) ~= nil
end


local function verify(header, uid, session)
    if #session ~= SESSION_LENGTH or not match(session, SESSION_FORM) then
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
    return tonumber(expires_at)
end


-- When the permit in a header ends, in milliseconds, if we signed it for this holder of a token and
-- this session; whether it has run out is for the caller, who knows the sale.
function _M.read(header, holder, session)
    if holder[PERMIT] == header and holder[SESSION] == session then
        return holder[PERMIT_ENDS_MS]
    end
    local ends_ms = #header <= PERMIT_MAX and verify(header, holder[UID], session) or nil
    if ends_ms then
        holder[PERMIT], holder[SESSION], holder[PERMIT_ENDS_MS] = header, session, ends_ms
    end
    return ends_ms
end


return _M
