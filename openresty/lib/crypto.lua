-- HMAC-SHA256 and comparison in constant time, from the libcrypto that nginx is linked with.
local ffi = require "ffi"
local base64 = require "ngx.base64"

local encode_base64url = base64.encode_base64url

ffi.cdef [[
const struct evp_md_st *EVP_sha256(void);
unsigned char *HMAC(const struct evp_md_st *digest, const void *key, int key_length,
    const unsigned char *text, size_t length, unsigned char *mac, unsigned int *mac_length);
int CRYPTO_memcmp(const void *a, const void *b, size_t length);
unsigned char *ngx_hex_dump(unsigned char *to, unsigned char *from, size_t length);
]]

local MAC_LENGTH = 32
-- Where a system keeps it when nginx does not show its own.
local LIBRARIES = { "libcrypto.so.3", "libcrypto.so.1.1", "crypto" }


local function libcrypto()
    if pcall(function() return ffi.C.HMAC end) then
        return ffi.C
    end
    for _, name in ipairs(LIBRARIES) do
        local found, library = pcall(ffi.load, name)
        if found then
            return library
        end
    end
    error("no libcrypto found")
end


local C = libcrypto()
local SHA256 = C.EVP_sha256()
local mac = ffi.new("unsigned char[?]", MAC_LENGTH)
local mac_length = ffi.new("unsigned int[1]")
local hex = ffi.new("unsigned char[?]", 2 * MAC_LENGTH)

local _M = {}


local function hmac(key, text)
    assert(C.HMAC(SHA256, key, #key, text, #text, mac, mac_length) ~= nil, "HMAC failed")
end


function _M.hmac_base64url(key, text)
    hmac(key, text)
    return encode_base64url(ffi.string(mac, MAC_LENGTH))
end


function _M.hmac_hex(key, text)
    hmac(key, text)
    ffi.C.ngx_hex_dump(hex, mac, MAC_LENGTH)
    return ffi.string(hex, 2 * MAC_LENGTH)
end


-- True when both strings are the same; how long it takes says nothing of where they differ.
function _M.same(a, b)
    return #a == #b and C.CRYPTO_memcmp(a, b, #a) == 0
end


return _M
