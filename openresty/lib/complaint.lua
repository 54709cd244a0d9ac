-- A trouble that is said once, and once more that it is over: said with every turn of a clockwork
-- it would bury the log.
local ngx = ngx
local log = ngx.log


-- A function that is told of the trouble there is, or of none, as often as one likes.
return function(bad, good)
    local said
    return function(trouble)
        if trouble == said then
            return
        end
        said = trouble
        if trouble then
            log(ngx.ERR, bad, ": ", trouble)
        else
            log(ngx.WARN, good)
        end
    end
end
