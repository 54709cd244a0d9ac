-- What was just answered from the cache, kept once more in a worker's own memory: for a second, and
-- under the generation it was read for. So a page that everybody wants costs a sixth less than when
-- nginx looks it up and reads its file.
local generation = require "lib.generation"
local memory = require "lib.memory"

local ngx = ngx
local pairs = pairs

local FRESH_S = 1
-- At most twice so many of an encoding (lib/memory.lua), with so long a body each: 10 MB a worker.
local ANSWERS_MOST = 100
local BYTES_MOST = 16384
-- What nginx says of each answer anew, and what is known when all of it is here.
local EACH_TIME = { connection = true, ["transfer-encoding"] = true, ["content-length"] = true }

-- By encoding, as catalogue.conf tells them apart, then by target.
local kept = {
    [""] = memory.new(ANSWERS_MOST),
    gzip = memory.new(ANSWERS_MOST),
    br = memory.new(ANSWERS_MOST),
}

local _M = {}


local function fresh(answer)
    return answer.generation == generation.now() and ngx.now() < answer.until_s
end


-- Answers, or leaves it to nginx's cache.
function _M.give()
    local var = ngx.var
    local answer = var.request_method == "GET" and kept[var.edge_encoding]:get(var.request_uri)
    if not answer or not fresh(answer) then
        return ngx.exec("@kept")
    end
    local header, names, values = ngx.header, answer.names, answer.values
    for n = 1, #names do
        header[names[n]] = values[n]
    end
    ngx.print(answer.body)
end


-- The head of an answer. A HIT is a 200, because nothing else is in the cache, or a 304, to which
-- no body comes; one to keep has a type, or nginx would give it one.
function _M.head()
    if ngx.var.upstream_cache_status ~= "HIT" or not ngx.header.content_type then
        return
    end
    local answer = { body = "", names = { "X-Cache" }, values = { "HIT" } }
    for name, value in pairs(ngx.resp.get_headers(0)) do
        if not EACH_TIME[name] then
            answer.names[#answer.names + 1] = name
            answer.values[#answer.values + 1] = value
        end
    end
    ngx.ctx.answer = answer
end


-- Its body, piece by piece; kept when all of it is here, and small. To HEAD, or to who has it
-- already, no body goes, and nothing is kept.
function _M.body()
    local answer = ngx.ctx.answer
    if not answer then
        return
    end
    answer.body = answer.body .. ngx.arg[1]
    if #answer.body > BYTES_MOST then
        ngx.ctx.answer = nil
    elseif ngx.arg[2] then
        local var = ngx.var
        answer.names[#answer.names + 1] = "Content-Length"
        answer.values[#answer.values + 1] = #answer.body
        answer.generation = var.edge_generation
        answer.until_s = ngx.now() + FRESH_S
        kept[var.edge_encoding]:set(var.request_uri, answer)
    end
end


return _M
