-- Keeps the hot code compiled. LuaJIT gives a function up for good when too many traces that begin
-- in it come to nothing, and with it every trace that passes through it. What `ngx.var` and
-- `ngx.now` call are such functions: no trace can begin in them (it could not return to whoever
-- looked the field up, or called it last), any trace can pass. So they are taken up again.
local AGAIN_S = 1

local passed = { getmetatable(ngx.var).__index, ngx.now, ngx.time }

local _M = {}


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
