/** The header of a script is its contract: the loader takes it at its word and refuses a lie. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyspace } from '../../contracts/keys.ts';
import { argsOf, keysOf, keysOfShard, loadScript, type ReadSource } from '../../lua/loader.ts';

const HEADER = `--- test: does something.
-- Why a script: because.
-- KEYS: seats seat.moved
-- ARGV: uid
-- Returns: OK`;
const BODY = `redis.call('GET', keys.seats)
redis.call('XADD', keys['seat.moved'], '*', 'payload', args.uid)
return { 'OK' }
`;
const scriptOf = (header = HEADER, body = BODY, first = '#!lua') => `${first}\n${header}\n${body}`;
const load = (source: string, parts: Record<string, string> = {}) => {
  const read: ReadSource = (name) => (name === 'sale/test' ? source : parts[name]!);
  return loadScript('sale/test', read);
};

describe('an honest header', () => {
  it('gives the keys and arguments in its order', () => {
    const script = load(scriptOf());
    expect(script.keys).toEqual(['seats', 'seat.moved']);
    expect(script.args).toEqual(['uid']);
    expect(script.text).toContain("redis.call('GET', KEYS[1])");
    expect(script.text).toContain("redis.call('XADD', KEYS[2], '*', 'payload', ARGV[1])");
    expect(script.sha).toMatch(/^[0-9a-f]{40}$/);
  });

  it('builds the names of the keys', () => {
    const keys = keyspace('n', 1);
    expect(keysOf(load(scriptOf()), keys, 's')).toEqual([
      'n:{s0}:sale:s:seats',
      'n:{s0}:seat.moved',
    ]);
  });

  it('may go on over several lines, and end with a list', () => {
    const script = load(
      scriptOf(
        HEADER.replace('seats seat.moved', 'seats\n--   seat.moved').replace('uid', 'uid seats...'),
        `${BODY.replace("return { 'OK' }", "return { 'OK', args.seats }")}`,
      ),
    );
    expect(script.keys).toEqual(['seats', 'seat.moved']);
    expect(script.text).toContain('{ unpack(ARGV, 2) }');
    expect(argsOf(script, { uid: 'u', seats: [4, 5] })).toEqual(['u', 4, 5]);
  });

  it('is what every script of the project has', () => {
    for (const room of ['sale', 'shard', 'channel'])
      for (const file of readdirSync(join(import.meta.dirname, '../../lua', room)))
        expect(loadScript(`${room}/${file.replace('.lua', '')}`).text).toMatch(/^#!lua/);
  });
});

describe('a header is refused when', () => {
  const lying: [why: string, source: string, fault: RegExp][] = [
    [
      'it declares a key that is never used',
      scriptOf(HEADER.replace('seats ', 'seats runs ')),
      /runs is declared and never used/,
    ],
    [
      'it keeps a key to itself',
      scriptOf(HEADER.replace('seats seat.moved', 'seats')),
      /keys.seat.moved is used and not declared/,
    ],
    [
      'it declares an argument that is never used',
      scriptOf(HEADER.replace('uid', 'uid orderId')),
      /orderId is declared and never used/,
    ],
    [
      'it keeps an argument to itself',
      scriptOf(HEADER, BODY.replace('args.uid', 'args.uid .. args.sale')),
      /args.sale is used and not declared/,
    ],
    [
      'it declares a key twice',
      scriptOf(HEADER.replace('seats ', 'seats seats ')),
      /seats is declared twice/,
    ],
    [
      'it names a key nobody has',
      scriptOf(HEADER.replace('seats ', 'chairs '), BODY.replace('keys.seats', 'keys.chairs')),
      /chairs is no key/,
    ],
    [
      'it names a channel nobody has',
      scriptOf(HEADER.replace('seat.moved', 'seat.sat'), BODY.replace('seat.moved', 'seat.sat')),
      /seat.sat is no key/,
    ],
    ['it says a field twice', scriptOf(`${HEADER}\n-- ARGV: uid`), /says ARGV twice/],
    [
      'it lacks a reason to be a script',
      scriptOf(HEADER.replace(/-- Why.*\n/, '')),
      /lacks Why a script/,
    ],
    ['it lacks its answers', scriptOf(HEADER.replace(/\n-- Returns.*/, '')), /lacks Returns/],
    ['it bears another name', scriptOf(HEADER.replace('test:', 'lock:')), /must begin --- test:/],
    [
      'it has a flag it does not declare',
      scriptOf(HEADER, BODY, '#!lua flags=allow-oom'),
      /does not declare allow-oom/,
    ],
    [
      'it declares a flag it does not have',
      scriptOf(`${HEADER}\n-- Flags: no-writes, because it looks.`),
      /declares no-writes, #!lua does not/,
    ],
    [
      'it gives no reason for a flag',
      scriptOf(`${HEADER}\n-- Flags: allow-oom`, BODY, '#!lua flags=allow-oom'),
      /no reason/,
    ],
    [
      'it has a flag nobody knows',
      scriptOf(HEADER, BODY, '#!lua flags=no-cluster'),
      /nobody knows the flag/,
    ],
    ['it is no Redis script', scriptOf(HEADER, BODY, '-- lua'), /first line must be #!lua/],
    [
      'a key is used by its number',
      scriptOf(HEADER, `${BODY}-- end\nlocal x = KEYS[1]\n`),
      /KEYS is used by its number/,
    ],
    [
      'an argument is used by its number',
      scriptOf(HEADER, `local n = #ARGV\n${BODY}`),
      /ARGV is used by its number/,
    ],
    [
      'a key is made up',
      scriptOf(HEADER, `redis.call('GET', 'a:' .. args.uid)\n${BODY}`),
      /key of 'GET' does not come from KEYS/,
    ],
    [
      'a key is grown from another',
      scriptOf(HEADER, `redis.call('GET', keys.seats .. ':x')\n${BODY}`),
      /key of 'GET' does not come from KEYS/,
    ],
    [
      'a command is made up',
      scriptOf(HEADER, `redis.call(args.uid, keys.seats)\n${BODY}`),
      /a command must be a plain word/,
    ],
    [
      'the clock is read twice',
      scriptOf(HEADER, `redis.call('TIME') redis.call('TIME')\n${BODY}`),
      /clock is read twice/,
    ],
  ];
  it.each(lying)('%s', (_, source, fault) => {
    expect(() => load(source)).toThrow(fault);
    expect(() => load(source)).toThrow(/^lua\/sale\/test\.lua: /);
  });
});

describe('a part', () => {
  const body = `local part = require 'lib.part'\n${BODY.replace('return', 'return part() or')}`;

  it('is put where it is required, and is held to the same header', () => {
    const text = load(scriptOf(HEADER, body), { 'lib/part': 'return function() end\n' }).text;
    expect(text).not.toContain('require');
    const stranger = { 'lib/part': "return function() return redis.call('GET', keys.runs) end\n" };
    expect(() => load(scriptOf(HEADER, body), stranger)).toThrow(
      /keys.runs is used and not declared/,
    );
  });

  it('cannot require itself', () => {
    const parts = { 'lib/part': "local part = require 'lib.part'\nreturn part\n" };
    expect(() => load(scriptOf(HEADER, body), parts)).toThrow(/requires itself/);
  });
});

describe('a call', () => {
  it('needs every argument and no other', () => {
    const script = load(scriptOf());
    expect(() => argsOf(script, {})).toThrow(/needs uid/);
    expect(() => argsOf(script, { uid: 'a', seat: 1 })).toThrow(/has no argument seat/);
  });

  it('of a script that wants a sale’s keys needs a sale', () => {
    expect(() => keysOfShard(load(scriptOf()), keyspace('n', 1), 0)).toThrow(/from its caller/);
  });
});
