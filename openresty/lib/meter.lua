-- What the edge did, in numbers: how many requests of each route it let pass, and how many each
-- gate refused, with which word. Counted per worker, gathered in shared memory once a second, read
-- at /metrics in the text format of Prometheus.
local ngx = ngx
local concat, sort = table.concat, table.sort
local format, gmatch, match = string.format, string.gmatch, string.match

local GATHER_S = 1

local shared = ngx.shared.counters

local _M = {}

-- Counted since the last gathering, by route, gate and word; a request that passed has neither gate
-- nor word.
local counted = {}


local function within(counts, name)
    local inner = counts[name]
    if not inner then
        inner = {}
        counts[name] = inner
    end
    return inner
end


-- Called once for every request that a route has.
function _M.count(route, gate, word)
    local words = within(within(counted, route), gate)
    words[word] = (words[word] or 0) + 1
end


local function add(key, number)
    local _, err = shared:incr(key, number, 0)
    if err then
        ngx.log(ngx.ERR, "a counter is lost: ", err)
    end
end


local function gather()
    local now = counted
    counted = {}
    for route, gates in pairs(now) do
        for gate, words in pairs(gates) do
            for word, number in pairs(words) do
                add(route .. " " .. gate .. " " .. word, number)
            end
        end
    end
end


-- Called in every worker. The last gathering is that of a worker that leaves.
function _M.start()
    assert(ngx.timer.every(GATHER_S, gather))
end


local function gauge(lines, name, help, value)
    local form = "# HELP %s %s\n# TYPE %s gauge\n%s %s"
    lines[#lines + 1] = format(form, name, help, name, name, value)
end


local FORM = "^(%S*) (%S*) (%S*)$"


-- Answers with all numbers.
function _M.say()
    gather()
    local lines = {
        "# HELP edge_requests_total Requests by route, and by the gate and the word that " ..
            "refused them; both are empty when none did. What the cache answers meets no gate.",
        "# TYPE edge_requests_total counter",
    }
    local keys = shared:get_keys(0)
    sort(keys)
    for _, key in ipairs(keys) do
        local route, gate, word = match(key, FORM)
        lines[#lines + 1] = format('edge_requests_total{route="%s",gate="%s",word="%s"} %d',
            route, gate, word, shared:get(key))
    end
    local var = ngx.var
    for state in gmatch("active reading writing waiting", "%l+") do
        gauge(lines, "edge_connections_" .. state, "Connections of clients, " .. state .. ".",
            var["connections_" .. state])
    end
    ngx.header["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8"
    ngx.print(concat(lines, "\n"), "\n")
end


return _M
