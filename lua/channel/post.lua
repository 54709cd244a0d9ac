#!lua flags=allow-oom
--- post: appends one message to the stream of a durable channel.
-- Why a script: only a script may write when Redis is full.
-- Flags: allow-oom, because the messages of relay and scheduler are what empties a full arbiter.
-- KEYS: stream
-- ARGV: payload headers
-- Returns: OK id

return { 'OK', redis.call('XADD', keys.stream, '*', 'payload', args.payload,
  'headers', args.headers) }
