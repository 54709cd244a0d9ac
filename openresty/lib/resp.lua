-- A Redis client of the size the edge needs: RESP2 over a cosocket, commands in one pipeline, over
-- a connection of one's own (`connect`, `ask`) or over one that nginx keeps (`pipeline`).
local tcp = ngx.socket.tcp
local byte = string.byte
local sub = string.sub
local concat = table.concat

local CONNECT_MS, SEND_MS, READ_MS = 300, 300, 500
local IDLE_MS = 10000
local PLUS, MINUS, COLON, DOLLAR, STAR = byte("+-:$*", 1, 5)

local _M = {}


local function encode(command)
    local parts = { "*" .. #command .. "\r\n" }
    for _, word in ipairs(command) do
        word = tostring(word)
        parts[#parts + 1] = "$" .. #word .. "\r\n" .. word .. "\r\n"
    end
    return concat(parts)
end


-- One reply, of any shape, or what is left of it when its first byte, `kind`, has been read.
-- Answers nothing and why on a failure, Redis's own errors included: then the connection is of no
-- more use.
local function read_reply(sock, kind)
    local rest, err = sock:receive()
    if not rest then
        return nil, err
    end
    if not kind then
        kind, rest = byte(rest), sub(rest, 2)
    end
    if kind == PLUS then
        return rest
    elseif kind == MINUS then
        return nil, rest
    elseif kind == COLON then
        return tonumber(rest)
    end
    local length = tonumber(rest)
    if not length or (kind ~= DOLLAR and kind ~= STAR) then
        return nil, "not a reply of Redis"
    elseif length < 0 then
        return false
    elseif kind == DOLLAR then
        local text, why = sock:receive(length + 2)
        return text and sub(text, 1, length), why
    end
    local list = {}
    for i = 1, length do
        list[i], err = read_reply(sock)
        if list[i] == nil then
            return nil, err
        end
    end
    return list
end


-- Says commands, without waiting for what Redis says to them.
local function tell(sock, commands)
    local wire = {}
    for i, command in ipairs(commands) do
        wire[i] = encode(command)
    end
    return sock:send(wire)
end


-- The replies to all commands, in their order, or nothing and why.
local function ask(sock, commands)
    local sent, err = tell(sock, commands)
    if not sent then
        return nil, err
    end
    local replies = {}
    for i = 1, #commands do
        replies[i], err = read_reply(sock)
        if replies[i] == nil then
            return nil, err
        end
    end
    return replies
end


-- What a new connection says first: who it is, and which database it means.
local function greeting(server)
    local commands = {}
    if server.password then
        local user = server.username
        commands[1] = user and { "AUTH", user, server.password } or { "AUTH", server.password }
    end
    if server.db then
        commands[#commands + 1] = { "SELECT", server.db }
    end
    return commands
end


-- A kept connection is somebody already, and in a database: only the same server may have it again.
local function pool_of(server)
    local parts = { server.host, server.port, server.username or "", server.db or 0 }
    return concat(parts, " ")
end


_M.ask, _M.tell = ask, tell


-- A connection that has said who it is, or nothing and why.
-- `server` is { host, port, username?, password?, db? }.
function _M.connect(server)
    local sock = tcp()
    sock:settimeouts(CONNECT_MS, SEND_MS, READ_MS)
    local connected, err = sock:connect(server.host, server.port, { pool = pool_of(server) })
    local first = connected and sock:getreusedtimes() == 0 and greeting(server) or {}
    if connected and #first > 0 then
        connected, err = ask(sock, first)
    end
    if not connected then
        sock:close()
        return nil, err
    end
    return sock
end


-- What Redis says next on a connection that listens, when it says it within `wait_ms`; false when
-- it says nothing for so long; nothing and why when it cannot be heard any more.
function _M.hear(sock, wait_ms)
    sock:settimeouts(CONNECT_MS, SEND_MS, wait_ms)
    local first, err = sock:receive(1)
    if err == "timeout" then
        return false
    end
    if not first then
        return nil, err
    end
    sock:settimeouts(CONNECT_MS, SEND_MS, READ_MS)
    return read_reply(sock, byte(first))
end


-- The replies to all commands, in their order, or nothing and why.
function _M.pipeline(server, commands)
    local sock, err = _M.connect(server)
    if not sock then
        return nil, err
    end
    local replies
    replies, err = ask(sock, commands)
    if not replies then
        sock:close()
        return nil, err
    end
    sock:setkeepalive(IDLE_MS, 1)
    return replies
end


return _M
