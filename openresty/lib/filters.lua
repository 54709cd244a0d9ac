-- The filters over who reserved, in memory all workers share: per sale the arbiter's line, which is
-- "<reservations> <bits> <hashes> <key of the bits>", and the bits it belongs to. A worker that is
-- asked for a filter copies its bits once. What is not here refuses nobody.
--
-- A filter is here only when it was fetched after the last reservation, from bits that hold every
-- one (lib/fetch.lua): whoever is not in it did not reserve.
local lrucache = require "resty.lrucache"

local ngx = ngx
local md5 = ngx.md5_bin
local byte, format, match = string.byte, string.format, string.match
local concat = table.concat
local tonumber = tonumber

local FORM = "^(%d+) (%d+) (%d+) (%S+)$"
-- As many bits as 3.5 million reservations need: 4 MB.
local BITS_MAX = 2 ^ 25
local HASHES_MAX = 32
local BITS = "bits:"
-- A byte with its first bit set: Redis counts from the most significant one.
local FIRST = 128

local shared = ngx.shared.filters
-- A worker has each of the filters in use once more for itself.
local copies = assert(lrucache.new(64))

local _M = {}


-- What a line says: { line, bits, hashes, key }; nothing when it is none, or beyond all measure.
function _M.parse(line)
    local _, bits, hashes, key = match(line, FORM)
    bits, hashes = tonumber(bits), tonumber(hashes)
    if not key or bits < 8 or bits > BITS_MAX or bits % 8 ~= 0 or hashes > HASHES_MAX then
        return nil
    end
    return { line = line, bits = bits, hashes = hashes, key = key }
end


-- Is there, behind the last bit, the one that `open` set? Then these are the bits that were there
-- from the beginning.
function _M.is_sealed(filter, bitmap)
    local last = filter.bits / 8 + 1
    return #bitmap == last and byte(bitmap, last) == FIRST
end


local LOOK = [[
    position = (hash1 + %d * hash2) %% bits
    if band(byte(bitmap, rshift(position, 3) + 1), rshift(128, band(position, 7))) == 0 then
        return false
    end
]]

-- Are all bits of two hashes set? A function by how many bits a uid has, written out bit by bit:
-- LuaJIT compiles no loop as a part of what is around it.
local may_contain = setmetatable({}, {
    __index = function(functions, hashes)
        local lines = {}
        for i = 0, hashes - 1 do
            lines[#lines + 1] = format(LOOK, i)
        end
        local text = "local band, byte, rshift = bit.band, string.byte, bit.rshift\n" ..
            "return function(bitmap, bits, hash1, hash2)\n    local position\n" ..
            concat(lines) .. "    return true\nend"
        functions[hashes] = assert(loadstring(text, "=filter"))()
        return functions[hashes]
    end,
})


-- The two hashes of a uid: those of hashesOf in lua/questions.ts.
function _M.hashes_of(uid)
    local a, b, c, d, e, f, g, h = byte(md5(uid), 1, 8)
    return a * 0x1000000 + b * 0x10000 + c * 0x100 + d,
        e * 0x1000000 + f * 0x10000 + g * 0x100 + h
end


-- May the uid with these hashes be one of those who reserved?
function _M.may_contain(filter, hash1, hash2)
    return may_contain[filter.hashes](filter.bitmap, filter.bits, hash1, hash2)
end


-- The line of the filter that is loaded for a sale, or nothing.
function _M.line_of(sale)
    return shared:get(sale)
end


-- The filter that is loaded for a sale, or nothing.
local function look_up(sale)
    local line = shared:get(sale)
    if not line then
        return nil
    end
    local filter = copies:get(sale)
    if filter and filter.line == line then
        return filter
    end
    filter = _M.parse(line)
    filter.bitmap = shared:get(BITS .. sale)
    if not filter.bitmap then
        return nil
    end
    copies:set(sale, filter)
    return filter
end


-- What was looked up last, and when, as in lib/sales.lua.
local last, last_ms, last_known


-- The filter that is loaded for a sale when a request came at this moment, or nothing.
function _M.of(sale, now_ms)
    if sale ~= last or now_ms ~= last_ms then
        last, last_ms, last_known = sale, now_ms, look_up(sale)
    end
    return last_known
end


-- Loads a filter. No other one has to go for it: when there is no room, nothing is loaded for this
-- sale, and nobody is refused. Answers whether it is loaded, and why not.
function _M.keep(sale, filter, bitmap, keep_s)
    local kept, err = shared:safe_set(BITS .. sale, bitmap, keep_s)
    if not kept then
        shared:flush_expired()
        kept, err = shared:safe_set(BITS .. sale, bitmap, keep_s)
    end
    if kept then
        -- Last, so that who sees the line finds its bits.
        kept, err = shared:safe_set(sale, filter.line, keep_s)
    end
    if not kept then
        _M.forget(sale)
    end
    return kept, err
end


-- What is loaded is good for another while. What was forgotten is not: `expire` alone would bring
-- it back.
function _M.renew(sale, keep_s)
    if shared:get(sale) then
        shared:expire(BITS .. sale, keep_s)
        shared:expire(sale, keep_s)
    end
end


function _M.forget(sale)
    shared:delete(sale)
    shared:delete(BITS .. sale)
end


return _M
