-- Whom the token in an Authorization header speaks for. The algorithm belongs to the key, never to
-- the token: a token that names another one is refused, whatever its signature. Verified tokens are
-- remembered per worker, by the whole header (lib/holder.lua).
-- services/gateway/identity.ts decides the same.
local base64 = require "ngx.base64"
local cjson = require("cjson.safe").new()
local crypto = require "lib.crypto"
local holders = require "lib.holder"
local memory = require "lib.memory"
local settings = require "lib.settings"

local find, match, sub = string.find, string.match, string.sub
local type = type
local UID, ENDS_S, MARK = holders.UID, holders.ENDS_S, holders.MARK

-- JSON has no NaN and no Infinity, and a token nests nothing.
cjson.decode_invalid_numbers(false)
cjson.decode_max_depth(8)

local BEARER = "Bearer "
local TOKEN_AT = #BEARER + 1
local HEADER_MAX = #BEARER + 4096
-- About 1 KB each and worker. A crowd twice as large that comes in turns is verified each time.
local REMEMBERED = 25000
local LEEWAY_S = 5
local FORM = "^Bearer [%w_-]+%.([%w_-]+)%.[%w_-]+$"
local UID_MAX = 64
local MARK_LENGTH = 16

-- One row per algorithm a key may be pinned to: does what stands behind the last dot of a header
-- sign what stands before it?
local VERIFY = {
    HS256 = function(secret, header, dot)
        return crypto.ends_with_hmac(secret, header, TOKEN_AT, dot)
    end,
    RS256 = function(key, header, dot)
        local bytes = base64.decode_base64url(sub(header, dot + 1))
        return bytes and crypto.is_signed(key, sub(header, TOKEN_AT, dot - 1), bytes)
    end,
    ES256 = function(key, header, dot)
        local bytes = base64.decode_base64url(sub(header, dot + 1))
        local der = bytes and crypto.p256_der(bytes)
        return der and crypto.is_signed(key, sub(header, TOKEN_AT, dot - 1), der)
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

local verified = memory.new(REMEMBERED)
local headers = memory.new(100)

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


-- Whom the claims of a signed token speak for; nothing when one of them is wrong. A role the edge
-- does not know is Node's business.
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
    local role = type(claims.role) == "string" and claims.role
    return holders.new(claims.sub, role, claims.exp + LEEWAY_S)
end


-- True when there is a key to verify with.
function _M.ready()
    return next(keys) ~= nil
end


-- Whom a header speaks for that is not remembered; nothing when it is no token of ours. Its form
-- is looked at last, when only an issuer of ours can have written it.
local function verify(header, now_s)
    local first = find(header, ".", TOKEN_AT, true)
    local dot = first and find(header, ".", first + 1, true)
    if not dot or sub(header, 1, #BEARER) ~= BEARER then
        return nil
    end
    local key = key_of(sub(header, TOKEN_AT, first - 1))
    if not key or not VERIFY[key.algorithm](key.key, header, dot) then
        return nil
    end
    local payload = match(header, FORM)
    local claims = payload and object_of(payload)
    return claims and holder_from(claims, now_s)
end


-- What the log may say of a holder: the same for the same uid, and of no use to find it out.
function _M.mark_of(holder)
    if not holder[MARK] then
        local mac = mark_key and crypto.hmac_hex(mark_key, "log|" .. holder[UID]) or ""
        holder[MARK] = sub(mac, 1, MARK_LENGTH)
    end
    return holder[MARK]
end


-- Whom an Authorization header speaks for at this moment; or nothing.
function _M.holder_of(header, now_s)
    if #header > HEADER_MAX then
        return nil
    end
    local holder = verified:get(header)
    if not holder then
        holder = verify(header, now_s)
        if not holder then
            return nil
        end
        verified:set(header, holder)
    end
    return now_s < holder[ENDS_S] and holder or nil
end


return _M
