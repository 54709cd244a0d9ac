-- HMAC-SHA256, comparison in constant time, and signatures of RSA and P-256 keys, by the libcrypto
-- that nginx is linked with (OpenSSL 1.1.1 or 3).
local ffi = require "ffi"
-- It declares the functions of nginx for base64url.
require "ngx.base64"

local bxor, copy = bit.bxor, ffi.copy
local byte, char, gsub, rep, sub = string.byte, string.char, string.gsub, string.rep, string.sub

ffi.cdef [[
const struct evp_md_st *EVP_sha256(void);
struct edge_sha256 { uint32_t words[48]; };
int SHA256_Init(struct edge_sha256 *state);
int SHA256_Update(struct edge_sha256 *state, const void *bytes, size_t length);
int SHA256_Final(unsigned char *hash, struct edge_sha256 *state);
struct evp_pkey_st *d2i_PUBKEY(struct evp_pkey_st **key, const unsigned char **der, long length);
void EVP_PKEY_free(struct evp_pkey_st *key);
struct evp_md_ctx_st *EVP_MD_CTX_new(void);
int EVP_MD_CTX_reset(struct evp_md_ctx_st *context);
void EVP_MD_CTX_free(struct evp_md_ctx_st *context);
int EVP_DigestVerifyInit(struct evp_md_ctx_st *context, struct evp_pkey_ctx_st **key_context,
    const struct evp_md_st *digest, struct engine_st *engine, struct evp_pkey_st *key);
int EVP_DigestVerify(struct evp_md_ctx_st *context, const unsigned char *signature,
    size_t signature_length, const unsigned char *text, size_t length);
void ERR_clear_error(void);
int CRYPTO_memcmp(const void *a, const void *b, size_t length);
unsigned char *ngx_hex_dump(unsigned char *to, unsigned char *from, size_t length);
]]

local BYTES = ffi.typeof("const unsigned char *")
local MAC_LENGTH = 32
local DIGITS = 43
-- Of HMAC: a block of SHA-256, and what its key is combined with.
local BLOCK, INNER_PAD, OUTER_PAD = 64, 0x36, 0x5c
-- What libcrypto calls SHA256_CTX has 112 bytes.
local State = ffi.typeof("struct edge_sha256")
local STATE_SIZE = ffi.sizeof(State)
-- How long one of the two numbers of a P-256 signature is.
local NUMBER_LENGTH = 32
-- Where a system keeps it when nginx does not show its own.
local LIBRARIES = { "libcrypto.so.3", "libcrypto.so.1.1", "crypto" }


local function libcrypto()
    if pcall(function() return ffi.C.SHA256_Init end) then
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
local digits = ffi.new("unsigned char[?]", DIGITS)
local running = State()
local from_mac = ffi.new("ngx_str_t[1]", { { MAC_LENGTH, mac } })
local to_digits = ffi.new("ngx_str_t[1]", { { DIGITS, digits } })
local hex = ffi.new("unsigned char[?]", 2 * MAC_LENGTH)
local context = ffi.gc(C.EVP_MD_CTX_new(), C.EVP_MD_CTX_free)

local _M = {}


local function hash(text)
    C.SHA256_Init(running)
    C.SHA256_Update(running, text, #text)
    C.SHA256_Final(mac, running)
    return ffi.string(mac, MAC_LENGTH)
end


-- What SHA-256 knows when it has read the padded key, which is always the first block.
local function started(key, pad)
    local state = State()
    local block = gsub(key .. rep("\0", BLOCK - #key), ".", function(one)
        return char(bxor(byte(one), pad))
    end)
    C.SHA256_Init(state)
    C.SHA256_Update(state, block, BLOCK)
    return state
end


local inner, outer = {}, {}


-- HMAC (RFC 2104) by the two states of its key. libcrypto's own HMAC looks its algorithm up by
-- name each time, which costs five times what the hashing does.
local function hmac(key, text, length)
    if not inner[key] then
        local short = #key <= BLOCK and key or hash(key)
        inner[key], outer[key] = started(short, INNER_PAD), started(short, OUTER_PAD)
    end
    copy(running, inner[key], STATE_SIZE)
    C.SHA256_Update(running, text, length)
    C.SHA256_Final(mac, running)
    copy(running, outer[key], STATE_SIZE)
    C.SHA256_Update(running, mac, MAC_LENGTH)
    C.SHA256_Final(mac, running)
end


local function encode_mac()
    to_digits[0].len = DIGITS
    ffi.C.ngx_encode_base64url(to_digits, from_mac)
end


function _M.hmac_base64url(key, text)
    hmac(key, text, #text)
    encode_mac()
    local written = ffi.string(digits, DIGITS)
    return written
end


function _M.hmac_hex(key, text)
    hmac(key, text, #text)
    ffi.C.ngx_hex_dump(hex, mac, MAC_LENGTH)
    local written = ffi.string(hex, 2 * MAC_LENGTH)
    return written
end


-- True when both strings are the same; how long it takes says nothing of where they differ.
function _M.same(a, b)
    return #a == #b and C.CRYPTO_memcmp(a, b, #a) == 0
end


-- True when what stands behind `dot` is the HMAC, in base64url, of what stands between `from` and
-- it. Nothing of the text is copied: whoever guesses makes us do this.
function _M.ends_with_hmac(key, text, from, dot)
    local bytes = ffi.cast(BYTES, text)
    hmac(key, bytes + (from - 1), dot - from)
    encode_mac()
    return #text - dot == DIGITS and C.CRYPTO_memcmp(digits, bytes + dot, DIGITS) == 0
end


-- A public key, from its SPKI in DER. Read once, by the master, for all workers; the configuration
-- has seen that it is of the right kind (config/public-key.ts).
function _M.public_key(der)
    local at = ffi.new("const unsigned char *[1]", { der })
    local key = C.d2i_PUBKEY(nil, at, #der)
    assert(key ~= nil, "no public key")
    return ffi.gc(key, C.EVP_PKEY_free)
end


-- True when this is the signature, over SHA-256 and in the form that libcrypto knows, of that text.
function _M.is_signed(key, text, signature)
    -- A context that was used remembers its key.
    C.EVP_MD_CTX_reset(context)
    local good = C.EVP_DigestVerifyInit(context, nil, SHA256, nil, key) == 1
        and C.EVP_DigestVerify(context, signature, #signature, text, #text) == 1
    if not good then
        -- What libcrypto noted of it, nginx would take for a fault of the next TLS connection.
        C.ERR_clear_error()
    end
    return good
end


-- A number as DER writes it: as short as can be, and never with the sign of a negative one.
local function integer(bytes)
    bytes = gsub(bytes, "^%z+", "")
    if bytes == "" or byte(bytes) >= 0x80 then
        bytes = "\0" .. bytes
    end
    return "\2" .. char(#bytes) .. bytes
end


-- The DER of a P-256 signature that is written as its two numbers side by side (RFC 7518, 3.4);
-- nothing when it is longer or shorter than they are.
function _M.p256_der(signature)
    if #signature ~= 2 * NUMBER_LENGTH then
        return nil
    end
    local numbers = integer(sub(signature, 1, NUMBER_LENGTH)) ..
        integer(sub(signature, NUMBER_LENGTH + 1))
    return "\48" .. char(#numbers) .. numbers
end


return _M
