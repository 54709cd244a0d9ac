-- Whom a token speaks for, and what else was found out about it: a list with a place for each fact.
-- A list is one thing in memory where a table with names is two, and of twenty thousand buyers who
-- come in turns nothing is in a cache of the processor.
local _M = {
    UID = 1,
    ROLE = 2,
    -- When the token ends, in seconds; asked each time, also of a token that is remembered.
    ENDS_S = 3,
    -- How the log names the uid; made when it is first asked for.
    MARK = 4,
    -- The last good permit that was shown with the token, for which session, and when it ends.
    PERMIT = 5,
    SESSION = 6,
    PERMIT_ENDS_MS = 7,
    -- The two hashes of the uid (lib/filters.lua); made when they are first asked for.
    HASH1 = 8,
    HASH2 = 9,
}


function _M.new(uid, role, ends_s)
    return { uid, role, ends_s, false, false, false, false, false, false }
end


return _M
