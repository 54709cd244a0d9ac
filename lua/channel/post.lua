#!lua flags=allow-oom
--- post: appends one message to the stream of a durable channel.
-- Why a script: only a script may write when Redis is full.
-- Flags: allow-oom, because the messages of relay and scheduler are what empties a full arbiter.
-- KEYS: stream
-- ARGV: payload headers
-- Returns: OK id
local keys = { stream = KEYS[1] }
local args = { payload = ARGV[1], headers = ARGV[2] }

return { 'OK', redis.call('XADD', keys.stream, '*', 'payload', args.payload,
  'headers', args.headers) }
