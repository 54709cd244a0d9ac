-- The only writer of refusals at the edge: the problem+json (RFC 9457) that services/gateway writes
-- too, member by member, so that nobody outside can tell who said no.
local cjson = require "cjson"
local lrucache = require "resty.lrucache"
local meter = require "lib.meter"
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
    UNAUTHENTICATED = function(header)
        header["WWW-Authenticate"] = "Bearer"
    end,
    RATE_LIMITED = function(header, data)
        if data then
            header["RateLimit-Policy"] = data.policy
            header["RateLimit"] = data.state
        end
    end,
}

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
local instances = assert(lrucache.new(1000))


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
local function note(var, gate, word)
    meter.count(var.edge_route or "", gate, word)
    if is_named() then
        local req = ngx.ctx.req
        local holder = req and req.known_holder
        var.edge_mark = holder and holder.mark or ""
        var.edge_gate = gate
        var.edge_word = word
    else
        var.edge_logged = ""
    end
end


-- The beginning of a refusal without members or headers of its own, up to its instance: nginx
-- writes the rest.
function _M.begin(gate, word)
    local var = ngx.var
    local language = words.language(var.http_accept_language)
    local _, _, tag = words.row(word, language)
    note(var, gate, word)
    var.edge_language = tag
    return head_of(word, language)
end


-- Answers the request with a refusal of a gate, or of nginx itself, and ends it.
function _M.say(gate, word, data)
    local var, header = ngx.var, ngx.header
    local language = words.language(var.http_accept_language)
    local status, _, tag = words.row(word, language)
    local members = MEMBERS[word] and data and MEMBERS[word](data) or ""
    local body = head_of(word, language) .. instance_of(var.request_uri or "") ..
        ',"requestId":"' .. var.edge_request .. '"' .. members .. "}"
    note(var, gate, word)
    ngx.status = status
    -- nginx adds Content-Language from this, and Cache-Control with it.
    var.edge_language = tag
    header["Content-Length"] = #body
    if (status == 503 or status == 429) and words.may_retry(word) then
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
    return _M.say("nginx", WORD_OF_STATUS[status] or "INTERNAL")
end


return _M
