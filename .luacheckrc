max_line_length = 100
files["openresty"] = { std = "ngx_lua" }
-- What a script has beside Lua: redis and cjson from Redis, keys and args from lua/loader.ts.
files["lua"] = { std = "lua51", read_globals = { "redis", "cjson", "keys", "args" } }
