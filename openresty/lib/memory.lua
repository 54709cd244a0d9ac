-- What was found out, by name, kept in a worker: the last `most` things at least, twice as many at
-- most. A young and an old table: when the young one is full it becomes the old one, and what was
-- in that and nobody asked for is forgotten. One look, where a list in the order of use needs five
-- places of memory; which counts when twenty thousand buyers come in turns.
--
-- All of it is looked through at each collection of garbage, and a flood makes garbage: so it is
-- collected when the heap has tripled, not doubled.
collectgarbage("setpause", 300)

local _M = {}
local mt = { __index = _M }


function _M.new(most)
    return setmetatable({ young = {}, old = {}, most = most, room = most }, mt)
end


function _M:set(key, value)
    if self.room == 0 then
        self.young, self.old, self.room = {}, self.young, self.most
    end
    self.room = self.room - 1
    self.young[key] = value
end


function _M:get(key)
    local value = self.young[key]
    if value == nil then
        value = self.old[key]
        if value ~= nil then
            self:set(key, value)
        end
    end
    return value
end


return _M
