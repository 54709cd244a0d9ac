-- A Redis client of the size the edge needs: RESP2 over a cosocket, commands in one pipeline,
-- connections kept by nginx.
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


-- One reply, of any shape. Answers nothing and why on a failure, Redis's own errors included.
local function read_reply(sock)
    local line, err = sock:receive()
    if not line then
        return nil, err
    end
    local kind, rest = byte(line), sub(line, 2)
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


local function ask(sock, commands)
    local wire = {}
    for i, command in ipairs(commands) do
        wire[i] = encode(command)
    end
    local sent, err = sock:send(wire)
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


-- The replies to all commands, in their order, or nothing and why.
-- `server` is { host, port, username?, password?, db? }.
function _M.pipeline(server, commands)
    local sock = tcp()
    sock:settimeouts(CONNECT_MS, SEND_MS, READ_MS)
    local connected, err = sock:connect(server.host, server.port, { pool = pool_of(server) })
    if not connected then
        return nil, err
    end
    local first = sock:getreusedtimes() == 0 and greeting(server) or {}
    local replies
    if #first > 0 then
        replies, err = ask(sock, first)
    end
    if #first == 0 or replies then
        replies, err = ask(sock, commands)
    end
    if not replies then
        sock:close()
        return nil, err
    end
    sock:setkeepalive(IDLE_MS, 1)
    return replies
end


return _M
