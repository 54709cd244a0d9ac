-- The refusal words as contracts/errors.ts has them (bin/edge.ts hands them over), in the language
-- a client reads.
local memory = require "lib.memory"
local settings = require "lib.settings"

local gmatch, match, lower, sub = string.gmatch, string.match, string.lower, string.sub

local HEADER_MAX = 1000

local chosen = memory.new(250)

local _M = {}


local function choose(header)
    local best, weight = "zh", { zh = 0, en = 0 }
    for item in gmatch(lower(sub(header, 1, HEADER_MAX)), "[^,]+") do
        local language = match(item, "^%s*(%l%l)%f[%L]")
        local q = match(item, ";%s*q=([%d.]+)")
        local asked = q and tonumber(q) or (q and 0) or 1
        if weight[language] and asked > weight[language] then
            weight[language] = asked
        end
    end
    if weight.en > weight.zh then
        best = "en"
    end
    return best
end


-- The language an Accept-Language weighs highest: zh when it names neither, or both alike.
function _M.language(header)
    if not header then
        return "zh"
    end
    local language = chosen:get(header)
    if not language then
        language = choose(header)
        chosen:set(header, language)
    end
    return language
end


-- The status of a word, and its title in a language.
function _M.row(word, language)
    local row = settings.words[word]
    return row.status, row[language]
end


-- Whether the same request may succeed later without anybody changing it.
function _M.may_retry(word)
    return settings.words[word].retry
end


return _M
