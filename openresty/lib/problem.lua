-- The only writer of refusals at the edge: the problem+json (RFC 9457) that services/gateway writes
-- too, member by member, so that nobody outside can tell who said no.
local cjson = require "cjson"
local memory = require "lib.memory"
local meter = require "lib.meter"
local request = require "lib.request"
local settings = require "lib.settings"
local words = require "lib.words"

local ngx = ngx
local ceil, floor, max = math.ceil, math.floor, math.max
local encode = cjson.encode
local format, gsub, match = string.format, string.gsub, string.match
local escape = ngx.escape_uri

local ALLOW = "GET, HEAD, POST, PATCH, DELETE"
local RETRY_AFTER_S = 1

local _M = {}

-- How nginx is told of the language of a refusal that the log does not name.
local UNNAMED = { zh = "zh-", en = "en-" }

-- How many refusals this worker has let into the access log in this second. A flood must not fill
-- the disk: those beyond are counted (lib/meter.lua) and not named.
local second, named = 0, 0


local function is_named()
    local now = ngx.time()
    if now ~= second then
        second, named = now, 0
    end
    named = named + 1
    return named <= settings.logRefusals
end


local function rfc3339(ms)
    return os.date("!%Y-%m-%dT%H:%M:%S", floor(ms / 1000)) .. format(".%03dZ", ms % 1000)
end


-- What nginx says by itself, as a word.
local WORD_OF_STATUS = {
    [400] = "REQUEST_MALFORMED",
    [403] = "NOT_FOUND",
    [404] = "NOT_FOUND",
    [405] = "METHOD_NOT_ALLOWED",
    [412] = "PRECONDITION_FAILED",
    [413] = "BODY_TOO_LARGE",
    [431] = "HEADERS_TOO_LARGE",
    [501] = "REQUEST_MALFORMED",
    [502] = "BUSY",
    [503] = "BUSY",
    [504] = "BUSY",
}

-- Members beyond the usual ones, by word, as text that follows them.
local MEMBERS = {
    SALE_NOT_OPEN = function(data)
        return ',"opensAt":"' .. rfc3339(data.opensAtMs) .. '"'
    end,
}

-- Headers beyond the usual ones, by word.
local HEADERS = {
    SALE_NOT_OPEN = function(header, data)
        header["Retry-After"] = max(1, ceil(data.opensAtMs / 1000 - ngx.now()))
    end,
    METHOD_NOT_ALLOWED = function(header)
        header["Allow"] = ALLOW
    end,
}

-- What nginx writes when we leave with this number: refusals.conf.
local WRITTEN = { [401] = 561, [403] = 563, [409] = 569 }

-- The part of the text that is the same for everybody, by word and language.
local heads = { zh = {}, en = {} }


local function head_of(word, language)
    local head = heads[language][word]
    if not head then
        local status, title = words.row(word, language)
        local text = encode(title)
        head = format(
            '{"type":"/problems/%s","title":%s,"status":%d,"detail":%s,"code":"%s","instance":',
            word, text, status, text, word)
        heads[language][word] = head
    end
    return head
end


-- In a flood many ask for the same.
local instances = memory.new(500)


-- The path of a target as JSON; a byte that is no ASCII, which only a broken client sends, in its
-- escaped form.
local function instance_of(target)
    local instance = instances:get(target)
    if not instance then
        local path = match(target, "^[^?#]*")
        instance = encode((gsub(path, "[\128-\255]", escape)))
        instances:set(target, instance)
    end
    return instance
end


-- Counts a refusal and lets the log name it, unless it has named enough.
local function note(route, gate, word, language)
    local var = ngx.var
    meter.count(route, gate, word)
    if is_named() then
        var.edge_mark = request.new(route):mark()
        var.edge_gate = gate
        var.edge_word = word
        var.edge_said = language
    else
        var.edge_said = UNNAMED[language]
    end
end


-- The beginning of a refusal without members, and without headers that only Lua could say, up to
-- its instance: nginx writes the rest. It costs half of what an answer of Lua's does.
function _M.begin(route, gate, word)
    local language = words.language(ngx.var.http_accept_language)
    note(route, gate, word, language)
    return head_of(word, language)
end


-- The same up to the id of the request.
function _M.begin_here(route, gate, word)
    return _M.begin(route, gate, word) .. instance_of(ngx.var.request_uri)
end


-- Ends the request in its access phase with the refusal of a gate.
function _M.refuse(route, gate, word, data)
    local written = not MEMBERS[word] and WRITTEN[words.row(word)]
    if not written then
        return _M.say(route, gate, word, data)
    end
    ngx.var.edge_refusal = _M.begin_here(route, gate, word)
    return ngx.exit(written)
end


-- Answers the request with a refusal of a gate, or of nginx itself, and ends it.
function _M.say(route, gate, word, data)
    local var, header = ngx.var, ngx.header
    local language = words.language(var.http_accept_language)
    local status = words.row(word, language)
    local members = MEMBERS[word] and data and MEMBERS[word](data) or ""
    local body = head_of(word, language) .. instance_of(var.request_uri or "") ..
        ',"requestId":"' .. var.edge_request .. '"' .. members .. "}"
    note(route, gate, word, language)
    ngx.status = status
    header["Content-Length"] = #body
    if status == 503 and words.may_retry(word) then
        header["Retry-After"] = RETRY_AFTER_S
    end
    if HEADERS[word] then
        HEADERS[word](header, data)
    end
    -- A body nobody read must not be taken for the next request of its connection.
    ngx.req.discard_body()
    ngx.print(body)
    return ngx.exit(ngx.HTTP_OK)
end


-- The same for a status that nginx came to by itself.
function _M.say_for(status)
    return _M.say(ngx.var.edge_route or "", "nginx", WORD_OF_STATUS[status] or "INTERNAL")
end


return _M
