-- What bin/edge.ts wrote for this edge: keys, issuer, where the arbiter is, the words. Read once by
-- the master, who may read the file, before any other module is loaded; a reload reads it again.
local cjson = require "cjson"

local _M = {}


function _M.load(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    for name, value in pairs(cjson.decode(text)) do
        _M[name] = value
    end
end


-- A ring of secrets by kid, decoded from base64.
function _M.keyring(name)
    local ring = {}
    for kid, secret in pairs(_M.keys[name]) do
        ring[kid] = assert(ngx.decode_base64(secret))
    end
    return ring
end


-- The key the edge itself signs with, the first of its ring; nothing when it has none.
function _M.edge_key()
    local first = _M.keys.edgeFirst
    return first and _M.keyring("edge")[first]
end


return _M
