#!lua flags=allow-oom
--- repost: appends an entry again, field by field as it was, also one that nobody can read.
-- Why a script: only a script may write when Redis is full.
-- Flags: allow-oom, because a message that died may be one that empties a full arbiter.
-- KEYS: stream
-- ARGV: fields...
-- Returns: OK id

return { 'OK', redis.call('XADD', keys.stream, '*', unpack(args.fields)) }
