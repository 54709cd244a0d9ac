max_line_length = 100
files["openresty"] = { std = "ngx_lua" }
-- Redis gives its scripts these three and nothing else of its own.
files["lua"] = { std = "lua51", read_globals = { "redis", "cjson", "KEYS", "ARGV" } }
