-- Whom a token speaks for. The algorithm belongs to the key, never to the token: a token that names
-- another one is refused, whatever its signature. Verified tokens are remembered per worker, by the
-- whole token: whom it speaks for and when it ends. services/gateway/identity.ts decides the same.
local base64 = require "ngx.base64"
local cjson = require("cjson.safe").new()
local lrucache = require "resty.lrucache"
local crypto = require "lib.crypto"
local settings = require "lib.settings"

local match, sub = string.match, string.sub
local type = type

-- JSON has no NaN and no Infinity, and a token nests nothing.
cjson.decode_invalid_numbers(false)
cjson.decode_max_depth(8)

local TOKEN_MAX = 4096
-- About 1 KB each and worker. A crowd larger than this that comes in turns is verified each time.
local REMEMBERED = 40000
local LEEWAY_S = 5
local FORM = "^(([%w_-]+)%.([%w_-]+))%.([%w_-]+)$"
local UID_MAX = 64
local MARK_LENGTH = 16

-- One row per algorithm a key may be pinned to: is this the signature of that text?
local VERIFY = {
    HS256 = function(secret, text, signature)
        return crypto.same(crypto.hmac_base64url(secret, text), signature)
    end,
    RS256 = function(key, text, signature)
        local bytes = base64.decode_base64url(signature)
        return bytes and crypto.is_signed(key, text, bytes)
    end,
    ES256 = function(key, text, signature)
        local bytes = base64.decode_base64url(signature)
        local der = bytes and crypto.p256_der(bytes)
        return der and crypto.is_signed(key, text, der)
    end,
}

local keys = {}
for kid, secret in pairs(settings.keyring("jwt")) do
    keys[kid] = { algorithm = "HS256", key = secret }
end
for kid, public in pairs(settings.keys.jwtPublic) do
    local der = assert(ngx.decode_base64(public.der))
    keys[kid] = { algorithm = public.algorithm, key = crypto.public_key(der) }
end
local mark_key = settings.edge_key()

local verified = assert(lrucache.new(REMEMBERED))
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


local function is_uid(text)
    return type(text) == "string" and #text <= UID_MAX and match(text, "^[%w_-]+$") ~= nil
end


-- What the log may say of a uid: the same for the same uid, and of no use to find it out.
local function mark_of(uid)
    return mark_key and sub(crypto.hmac_hex(mark_key, "log|" .. uid), 1, MARK_LENGTH) or ""
end


-- Whom the claims of a signed token speak for; nothing when one of them is wrong. When it ends is
-- asked each time, also of a token that is remembered. A role the edge does not know is Node's
-- business.
local function holder_from(claims, now_s)
    if claims.iss ~= settings.issuer or not is_for_us(claims.aud) or not is_uid(claims.sub) then
        return nil
    end
    if type(claims.exp) ~= "number" then
        return nil
    end
    if claims.nbf ~= nil and (type(claims.nbf) ~= "number" or claims.nbf - LEEWAY_S > now_s) then
        return nil
    end
    return {
        uid = claims.sub,
        role = type(claims.role) == "string" and claims.role or nil,
        mark = mark_of(claims.sub),
        ends_s = claims.exp + LEEWAY_S,
    }
end


-- True when there is a key to verify with.
function _M.ready()
    return next(keys) ~= nil
end


-- Whom a token speaks for at this moment, { uid, role, mark, ends_s }; or nothing.
function _M.holder_of(token, now_s)
    if #token > TOKEN_MAX then
        return nil
    end
    local holder = verified:get(token)
    if not holder then
        local text, header, payload, signature = match(token, FORM)
        local key = text and key_of(header)
        if not key or not VERIFY[key.algorithm](key.key, text, signature) then
            return nil
        end
        local claims = object_of(payload)
        holder = claims and holder_from(claims, now_s)
        if not holder then
            return nil
        end
        verified:set(token, holder)
    end
    return now_s < holder.ends_s and holder or nil
end


return _M
