/** Who may import whom. One table; the import lines of every file are held against it. */
import { describe, expect, it } from 'vitest';
import { codeOf, exists, files, importsOf, PRODUCT, roomOf, SCRIPTS } from './repository.ts';

/** Rooms a room may import from, beside itself. `services` stands for every service. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  lua: ['contracts'],
  config: ['contracts'],
  mixins: ['contracts', 'config'],
  services: ['contracts', 'config', 'mixins'],
  'moleculer.config.ts': ['contracts', 'config', 'mixins'],
  types: ['contracts'],
  web: ['contracts'],
  bin: ['contracts', 'config', 'mixins', 'services', 'moleculer.config.ts'],
  bench: ['contracts', 'config', 'mixins', 'lua', 'bin', 'test'],
};

/** Doors in the walls: files that may import one more room, or may not import what others may. */
const DOORS: readonly { from: RegExp; to: RegExp; open: boolean; why: string }[] = [
  {
    from: /^services\/(seckill|scheduler)\//,
    to: /^lua\//,
    open: true,
    why: 'they move seats',
  },
  {
    from: /^mixins\/(posting|channels\/)/,
    to: /^lua\/loader\.ts$/,
    open: true,
    why: 'a message is posted by a script that runs even when Redis is full',
  },
  {
    from: /^services\/seckill\//,
    to: /^mixins\/(database|table|cached)/,
    open: false,
    why: 'locking a seat needs neither MySQL nor the cache',
  },
  {
    from: /^bin\/openapi/,
    to: /^services\//,
    open: true,
    why: 'the API is described by what the services themselves say',
  },
  {
    from: /^bin\//,
    to: /^services\/(?!.*\.repl\.ts$|.*\/migrations\/|seat-template\/)/,
    open: false,
    why: 'a tool talks to services over the wire; it shares only commands, migrations, plans',
  },
];

const groupOf = (room: string) => (room.startsWith('services/') ? 'services' : room);

function allowed(from: string, to: string): boolean {
  const [here, there] = [roomOf(from), roomOf(to)];
  const door = DOORS.find((row) => row.from.test(from) && row.to.test(to));
  if (door) return door.open;
  if (here === there || here === 'test') return true;
  return MAY_IMPORT[groupOf(here)]?.includes(groupOf(there)) === true && here !== 'contracts';
}

const sources = files(SCRIPTS);
const inside = sources.flatMap(importsOf).filter((line) => line.inside);
const packages = sources.flatMap(importsOf).filter((line) => !line.inside);
const say = (lines: readonly { from: string; to: string }[]) =>
  lines.map(({ from, to }) => `${from} imports ${to}`);

describe('the import lines', () => {
  it('lead somewhere', () => {
    expect(inside.length).toBeGreaterThan(50);
    expect(say(inside.filter(({ to }) => !exists(to)))).toEqual([]);
  });
  it('go only in the directions of the house', () => {
    expect(say(inside.filter(({ from, to }) => !allowed(from, to)))).toEqual([]);
  });
  it('never lead from one service into another', () => {
    const crossing = inside.filter(
      ({ from, to }) =>
        from.startsWith('services/') && to.startsWith('services/') && roomOf(from) !== roomOf(to),
    );
    expect(say(crossing)).toEqual([]);
  });
  it('never lead from the product to tests, tools or benches', () => {
    const product = inside.filter(({ from }) => PRODUCT.some((root) => from.startsWith(root)));
    expect(say(product.filter(({ to }) => /^(test|bin|bench|docs)\//.test(to)))).toEqual([]);
  });
});

describe('contracts', () => {
  const own = files(SCRIPTS, ['contracts/']);
  it('import nothing but Moleculer’s error class and node:crypto', () => {
    const used = packages.filter(({ from }) => from.startsWith('contracts/'));
    expect(new Set(used.map(({ to }) => to))).toEqual(new Set(['moleculer', 'node:crypto']));
    expect(used.filter(({ to }) => to === 'moleculer').map(({ from }) => from)).toEqual([
      'contracts/errors.ts',
    ]);
  });
  it('have no clock, no randomness, no environment', () => {
    const ownState = /\b(Date\.now|new Date\(\)|Math\.random|randomBytes|performance\.|process\.)/;
    expect(own.filter(({ text }) => ownState.test(codeOf(text))).map(({ path }) => path)).toEqual(
      [],
    );
  });
});

describe('the environment', () => {
  it('is read by config, and by tools; never by a service', () => {
    const readers = sources.filter(({ text }) => /\bprocess\.env\b/.test(codeOf(text)));
    const strangers = readers.filter(
      ({ path }) => !/^(config|bin|test|bench)\/|^vitest\./.test(path),
    );
    expect(strangers.map(({ path }) => path)).toEqual([]);
  });
});

describe('packages', () => {
  it('of the product are dependencies, not development dependencies', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
    const known = new Set(Object.keys(manifest.dependencies));
    const product = packages.filter(({ from }) => PRODUCT.some((root) => from.startsWith(root)));
    const missing = product.filter(({ to }) => !to.startsWith('node:') && !known.has(to));
    expect(say(missing)).toEqual([]);
  });
  it('are pinned to exact versions', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
    const versions = { ...manifest.dependencies, ...manifest.devDependencies };
    const loose = Object.entries(versions).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});
