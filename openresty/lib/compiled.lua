-- Keeps the hot code compiled; loaded before all other code. LuaJIT begins a trace where a function
-- gets hot, and no trace can leave a function that ends by calling one that is built in
-- (`return tonumber(…)`): after some attempts it gives that function up, and with it all that
-- passes through it. `ngx.var`, `ngx.now` and `ngx.time` end like that. So they get a function
-- around them that ends otherwise: it is called as often, but first, and the trace that begins in
-- it takes them along. Our own hot functions end with a value, too.
local AGAIN_S = 1

-- A request that meets all gates is one trace, with more constants than LuaJIT allows by itself.
require("jit.opt").start("maxirconst=4000")

local var = getmetatable(ngx.var)
local passed = { var.__index, ngx.now, ngx.time }
local get, now, time = var.__index, ngx.now, ngx.time


var.__index = function(vars, name)
    local value = get(vars, name)
    return value
end


-- luacheck: push ignore 122
ngx.now = function()
    local seconds = now()
    return seconds
end


ngx.time = function()
    local seconds = time()
    return seconds
end
-- luacheck: pop


local _M = {}


-- When one of them was given up all the same, it is taken up again.
local function take_up()
    for _, fn in ipairs(passed) do
        jit.on(fn)
    end
end


-- Called in every worker.
function _M.start()
    assert(ngx.timer.every(AGAIN_S, take_up))
end


return _M
