-- Whom a token speaks for. The algorithm belongs to the key, never to the token: a token that names
-- another one is refused, whatever its signature. Verified tokens are remembered per worker, by the
-- whole token: only the uid and when it ends.
local base64 = require "ngx.base64"
local cjson = require("cjson.safe").new()
local lrucache = require "resty.lrucache"
local crypto = require "lib.crypto"
local settings = require "lib.settings"

local match = string.match
local type = type

-- JSON has no NaN and no Infinity, and a token nests nothing.
cjson.decode_invalid_numbers(false)
cjson.decode_max_depth(8)

local TOKEN_MAX = 4096
local LEEWAY_S = 5
local FORM = "^(([%w_-]+)%.([%w_-]+))%.([%w_-]+)$"
local UID_MAX = 64

-- One row per algorithm a key may be pinned to: is this the signature of that text?
local VERIFY = {
    HS256 = function(secret, text, signature)
        return crypto.same(crypto.hmac_base64url(secret, text), signature)
    end,
}

local keys = {}
for kid, secret in pairs(settings.keyring("jwt")) do
    keys[kid] = { algorithm = "HS256", secret = secret }
end

local verified = assert(lrucache.new(20000))
local headers = assert(lrucache.new(100))

local _M = {}


local function object_of(segment)
    local text = base64.decode_base64url(segment)
    local object = text and cjson.decode(text)
    return type(object) == "table" and object or nil
end


-- The key a header asks for, when it asks for the algorithm that key is pinned to.
local function key_of(segment)
    local known = headers:get(segment)
    if known then
        return known
    end
    local header = object_of(segment)
    local key = header and type(header.kid) == "string" and keys[header.kid]
    if not key or header.alg ~= key.algorithm or header.crit ~= nil then
        return nil
    end
    headers:set(segment, key)
    return key
end


local function is_for_us(audience)
    if type(audience) ~= "table" then
        return audience == settings.audience
    end
    for _, one in ipairs(audience) do
        if one == settings.audience then
            return true
        end
    end
    return false
end


local function is_uid(sub)
    return type(sub) == "string" and #sub <= UID_MAX and match(sub, "^[%w_-]+$") ~= nil
end


-- What the claims of a signed token amount to; nothing when one of them is wrong. When it ends is
-- asked each time, also of a token that is remembered.
local function holder_of(claims, now_s)
    if claims.iss ~= settings.issuer or not is_for_us(claims.aud) or not is_uid(claims.sub) then
        return nil
    end
    if type(claims.exp) ~= "number" then
        return nil
    end
    if claims.nbf ~= nil and (type(claims.nbf) ~= "number" or claims.nbf - LEEWAY_S > now_s) then
        return nil
    end
    return { uid = claims.sub, ends_s = claims.exp + LEEWAY_S }
end


-- True when there is a key to verify with.
function _M.ready()
    return next(keys) ~= nil
end


-- The uid a token speaks for at this moment, or nothing.
function _M.uid_of(token, now_s)
    if #token > TOKEN_MAX then
        return nil
    end
    local holder = verified:get(token)
    if not holder then
        local text, header, payload, signature = match(token, FORM)
        local key = text and key_of(header)
        if not key or not VERIFY[key.algorithm](key.secret, text, signature) then
            return nil
        end
        local claims = object_of(payload)
        holder = claims and holder_of(claims, now_s)
        if not holder then
            return nil
        end
        verified:set(token, holder)
    end
    return now_s < holder.ends_s and holder.uid or nil
end


return _M
