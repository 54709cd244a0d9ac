/**
 * Reads the scripts of this folder. A script's header is its contract, and it runs: the order of
 * the keys and arguments a script is called with is taken from its header, and a header that
 * contradicts the script stops the process at start.
 *
 * A header: `#!lua flags=…`, then comment lines `--- name: what it does`, `-- Why a script:`,
 * `-- Flags:` (only when there are any), `-- KEYS:`, `-- ARGV:`, `-- Returns:`. The script and its
 * parts say `keys.seats` and `args.uid`: the loader makes `KEYS[6]` and `ARGV[2]` of them. When
 * ARGV ends with `seats...`, `args.seats` is a list of every argument from there on.
 *
 * `require 'lib.x'` stands for the text of `lib/x.lua`: Redis has no modules, so the loader puts it
 * there; inside a block, it costs only who comes there.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CHANNEL_NAMES, type ChannelName } from '../contracts/channels.ts';
import {
  type Keyspace,
  SALE_KEYS,
  type SaleKeyName,
  SHARD_KEYS,
  type ShardKeyName,
} from '../contracts/keys.ts';

/** `stream` is any channel's stream, handed in by the caller. */
export type KeyName = SaleKeyName | ShardKeyName | ChannelName | 'stream';

/** What a script is given. */
export type Value = string | number | Buffer;

export interface Script {
  readonly name: string;
  readonly flags: readonly string[];
  readonly keys: readonly KeyName[];
  readonly args: readonly string[];
  /** What Redis runs. */
  readonly text: string;
  readonly sha: string;
}

const FLAGS = ['allow-oom', 'no-writes'];
const KEY_NAMES = [
  ...Object.keys(SALE_KEYS),
  ...Object.keys(SHARD_KEYS),
  ...CHANNEL_NAMES,
  'stream',
];
const REQUIRE = /require '([\w.]+)'/g;
/** A require at the beginning of a line of its own runs always, so its part is made once, first. */
const FIRST = /^local \w+ = require '([\w.]+)'$/gm;
/** Ends the name of a last argument that is a list. */
const REST = /\.\.\.$/;
const FIELD = /^-- (Why a script|Flags|KEYS|ARGV|Returns): ?(.*)$/;

/** Reads one file of this folder, by its name without `.lua`. */
export type ReadSource = (name: string) => string;

const readHere: ReadSource = (name) =>
  readFileSync(resolve(import.meta.dirname, `${name}.lua`), 'utf8');

/**
 * Reads, checks and assembles a script, for example `sale/lock`.
 * @throws Error naming every fault of its header.
 */
export function loadScript(name: string, read: ReadSource = readHere): Script {
  const source = read(name);
  const fields = headerOf(source);
  const flags = /^#!lua(?: flags=([\w,-]+))?\n/.exec(source)?.[1]?.split(',') ?? [];
  const keys = wordsOf(fields.get('KEYS'));
  const args = wordsOf(fields.get('ARGV'));
  const parts = libraryOf(source, read);
  const body = source.slice(source.indexOf('\n') + 1);
  const code = codeOf([...parts.values(), body].join('\n'));
  const faults = [
    ...headerFaults(name, source, fields, flags),
    ...nameFaults('KEYS', keys, code),
    ...nameFaults(
      'ARGV',
      args.map((name, i) => (i + 1 < args.length ? name : name.replace(REST, ''))),
      code,
    ),
    ...keys.filter((key) => !KEY_NAMES.includes(key)).map((key) => `KEYS: ${key} is no key`),
    ...callFaults(code),
  ];
  if (faults.length > 0) throw new Error(`lua/${name}.lua: ${faults.join('; ')}`);
  const text = numbered(assemble(source.slice(0, source.indexOf('\n')), parts, body), keys, args);
  const sha = createHash('sha1').update(text).digest('hex');
  return { name, flags, keys: keys as KeyName[], args, text, sha };
}

/** The key names a script is called with for a sale, in the order of its header. */
export function keysOf(script: Script, keys: Keyspace, sale: string): string[] {
  return keysOfShard(script, keys, keys.shardOf(sale), keys.ofSale(sale));
}

/** The same for a script that touches no sale. */
export function keysOfShard(
  script: Script,
  keys: Keyspace,
  shard: number,
  ofSale?: Readonly<Record<SaleKeyName, string>>,
): string[] {
  const ofShard = keys.ofShard(shard);
  return script.keys.map((name) => {
    if (name in SHARD_KEYS) return ofShard[name as ShardKeyName];
    if (name in SALE_KEYS && ofSale) return ofSale[name as SaleKeyName];
    if (CHANNEL_NAMES.includes(name as ChannelName)) return keys.stream(name as ChannelName, shard);
    throw new Error(`lua/${script.name}.lua: key ${name} must come from its caller`);
  });
}

/** The arguments in the order of the header. @throws Error when one is missing or too many. */
export function argsOf(
  script: Script,
  given: Readonly<Record<string, Value | readonly Value[]>>,
): Value[] {
  const names = script.args.map((name) => name.replace(REST, ''));
  const strange = Object.keys(given).find((name) => !names.includes(name));
  if (strange) throw new Error(`lua/${script.name}.lua has no argument ${strange}`);
  return names.flatMap((name) => {
    const value = given[name];
    if (value === undefined) throw new Error(`lua/${script.name}.lua needs ${name}`);
    return value as Value | Value[];
  });
}

/** The fields of a header with their continuation lines; a repeated field keeps both texts. */
function headerOf(source: string): Map<string, string> {
  const fields = new Map<string, string>();
  let open = '';
  for (const line of source.split('\n').slice(1)) {
    if (!line.startsWith('--')) break;
    const field = FIELD.exec(line);
    if (field) open = field[1]!;
    const text = field ? field[2]! : line.replace(/^-+ */, '');
    const before = fields.get(open);
    fields.set(open, before === undefined ? text : `${before}${field ? '\u0000' : ' '}${text}`);
  }
  return fields;
}

const wordsOf = (text = '') => text.split(/\s+/).filter((word) => word !== '');

function headerFaults(
  name: string,
  source: string,
  fields: ReadonlyMap<string, string>,
  flags: readonly string[],
): string[] {
  const faults: string[] = [];
  const short = name.slice(name.lastIndexOf('/') + 1);
  if (!source.startsWith('#!lua')) faults.push('the first line must be #!lua');
  if (!source.includes(`\n--- ${short}: `)) faults.push(`the header must begin --- ${short}:`);
  for (const field of ['Why a script', 'KEYS', 'ARGV', 'Returns'])
    if (!fields.has(field)) faults.push(`the header lacks ${field}`);
  for (const [field, text] of fields)
    if (text.includes('\u0000')) faults.push(`the header says ${field} twice`);
  // "Flags: allow-oom, because …": what is declared stands before its reason.
  const [said = '', reason] = (fields.get('Flags') ?? '').split('because');
  const declared = FLAGS.filter((flag) => said.includes(flag));
  if (declared.length > 0 && !reason) faults.push('the header gives no reason for its flags');
  for (const flag of flags) {
    if (!FLAGS.includes(flag)) faults.push(`nobody knows the flag ${flag}`);
    else if (!declared.includes(flag)) faults.push(`the header does not declare ${flag}`);
  }
  for (const flag of declared)
    if (!flags.includes(flag)) faults.push(`the header declares ${flag}, #!lua does not`);
  return faults;
}

/** How a script says a name: `keys.seats`, `args.uid`, `keys['seat.moved']`. */
const NAMED = /\b(keys|args)(?:\.(\w+)|\['([\w.]+)'\])/g;

const codeOf = (text: string) => text.replace(/--.*$/gm, '');

function nameFaults(table: 'KEYS' | 'ARGV', words: readonly string[], code: string): string[] {
  const faults: string[] = [];
  const prefix = table === 'KEYS' ? 'keys' : 'args';
  const used = new Set<string>();
  for (const [, of, plain, quoted] of code.matchAll(NAMED))
    if (of === prefix) used.add((plain ?? quoted)!);
  for (const word of used)
    if (!words.includes(word)) faults.push(`${prefix}.${word} is used and not declared`);
  words.forEach((word, i) => {
    if (!used.has(word)) faults.push(`${table}: ${word} is declared and never used`);
    if (words.indexOf(word) !== i) faults.push(`${table}: ${word} is declared twice`);
  });
  if (new RegExp(`\\b${table}\\b`).test(code)) faults.push(`${table} is used by its number`);
  const bare = code.replace(NAMED, '');
  if (new RegExp(`\\b${prefix}\\b`).test(bare)) faults.push(`${prefix} is used without a name`);
  return faults;
}

/** Lua builds no key names: the key of every command is one of `keys`. The clock is read once. */
function callFaults(code: string): string[] {
  const faults: string[] = [];
  for (const [, command, rest] of code.matchAll(/redis\.p?call\(([^,)]*)([^\n]*)/g)) {
    if (command === "'TIME'") continue;
    if (!/^'[A-Z]+'$/.test(command!)) faults.push(`a command must be a plain word: ${command}`);
    else if (!/^,\s*keys(\.\w+|\['[\w.]+'\])\s*[,)]/.test(rest!))
      faults.push(`the key of ${command} does not come from KEYS`);
  }
  if ((code.match(/'TIME'/g)?.length ?? 0) > 1) faults.push('the clock is read twice');
  return faults;
}

/** Names become what Redis knows: positions. */
function numbered(text: string, keys: readonly string[], args: readonly string[]): string {
  return text.replace(NAMED, (_, of, plain, quoted) => {
    const word = plain ?? quoted;
    if (of === 'keys') return `KEYS[${keys.indexOf(word) + 1}]`;
    const at = args.indexOf(word) + 1;
    return at > 0 ? `ARGV[${at}]` : `{ unpack(ARGV, ${args.indexOf(`${word}...`) + 1}) }`;
  });
}

/** Every part a source requires, the required before who requires them. */
function libraryOf(
  source: string,
  read: ReadSource,
  into = new Map<string, string>(),
  above: readonly string[] = [],
): Map<string, string> {
  for (const [, part] of source.matchAll(REQUIRE)) {
    if (above.includes(part!)) throw new Error(`${part} requires itself`);
    if (into.has(part!)) continue;
    const text = read(part!.replaceAll('.', '/'));
    libraryOf(text, read, into, [...above, part!]);
    into.set(part!, text);
  }
  return into;
}

/** The parts that always run: required at the top of the script or of such a part. */
function alwaysOf(source: string, parts: ReadonlyMap<string, string>): Set<string> {
  const always = new Set<string>();
  const visit = (text: string) => {
    for (const [, part] of text.matchAll(FIRST))
      if (!always.has(part!)) {
        always.add(part!);
        visit(parts.get(part!)!);
      }
  };
  visit(source);
  return always;
}

function assemble(first: string, parts: ReadonlyMap<string, string>, body: string): string {
  const always = alwaysOf(body, parts);
  const local = (part: string) => part.replaceAll('.', '_');
  const inline = (text: string): string =>
    text
      .replace(/^[ \t]*--.*\n?/gm, '')
      .replace(REQUIRE, (_, part) => (always.has(part) ? local(part) : made(part)));
  const made = (part: string) => `(function()\n${inline(parts.get(part)!)}end)()`;
  // What always runs is no function of its own: its last `return` gives the part its value.
  const ahead = (part: string) => {
    const text = `\n${parts.get(part)!}`;
    const end = text.lastIndexOf('\nreturn ') + 1;
    const value = inline(text.slice(end)).replace('return', `${local(part)} =`);
    return `local ${local(part)}\ndo\n${inline(text.slice(1, end))}${value}end`;
  };
  const firsts = [...parts.keys()].filter((part) => always.has(part));
  return [first, ...firsts.map(ahead), inline(body)].join('\n');
}
