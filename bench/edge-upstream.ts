/**
 * Node as it is at its quickest, behind the edge of `bench:edge`: whatever is asked, on any of the
 * ports given, it answers 2 KB of JSON, to be kept as a show may be.
 */
import { createServer } from 'node:http';

const MEMBERS = 40;

const body = JSON.stringify(
  Object.fromEntries(Array.from({ length: MEMBERS }, (_, n) => [`member${n}`, 'x'.repeat(36)])),
);
const headers = {
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Length': Buffer.byteLength(body),
  'Cache-Control': 'public, max-age=0, must-revalidate',
  ETag: '"bench"',
};

for (const port of process.argv.slice(2))
  createServer((req, res) => {
    req.resume();
    res.writeHead(200, headers).end(body);
  }).listen(Number(port), '127.0.0.1');
