/**
 * Every word from both sides: what the contracts name exists, and what exists is named there. A
 * word in one place only is a typing error, or something nobody needs.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SETTINGS } from '../../config/schema.ts';
import { CHANNEL_NAMES, CHANNELS } from '../../contracts/channels.ts';
import { REFUSALS } from '../../contracts/errors.ts';
import { CACHE_KEYS, SALE_KEYS, SHARD_KEYS } from '../../contracts/keys.ts';
import { orderMachine } from '../../contracts/order.ts';
import { seatMachine } from '../../contracts/seat.ts';
import { loadScript } from '../../lua/loader.ts';
import { codeOf, files, PRODUCT, ROOT, SCRIPTS } from './repository.ts';

const product = files(SCRIPTS, PRODUCT).map(({ path, text }) => ({ path, code: codeOf(text) }));
const elsewhere = (path: string) => product.filter((file) => file.path !== path);
const lua = files(['.lua']);

/** The scripts of the arbiter, as the loader reads them: by folder and name. */
const scripts = ['sale', 'shard', 'channel'].flatMap((folder) =>
  readdirSync(join(ROOT, 'lua', folder)).map((file) =>
    loadScript(`${folder}/${file.replace(/\.lua$/, '')}`),
  ),
);

interface Schema {
  readonly name: string;
  readonly actions?: Readonly<Record<string, false | { visibility?: string }>>;
  readonly channels?: Readonly<Record<string, unknown>>;
}
const schemas = new Map<string, Schema>();

/** Services read secrets and their door when they are loaded; none of these is used. */
const KEYRINGS = Object.values(SETTINGS).filter(({ type }) => type === 'keyring');

beforeAll(async () => {
  Object.assign(process.env, { MODE: 'sandbox', INSTANCE: 'front-1' });
  for (const { env } of KEYRINGS) process.env[env] = `k1:${'0'.repeat(64)}`;
  const { Service } = await import('moleculer');
  const mixed = Object.create(Service.prototype) as { applyMixins(schema: Schema): Schema };
  for (const { path } of files(['.ts'], ['services/']).filter(({ path }) =>
    /\.service\.ts$/.test(path),
  )) {
    const { default: schema } = await import(join(ROOT, path));
    schemas.set(schema.name, mixed.applyMixins(schema));
  }
});

describe('refusals', () => {
  const words = Object.keys(REFUSALS);
  const saying = /\brefus(?:e|al)\(\s*'([A-Z_]+)'/g;

  it('that code says are in the table', () => {
    const said = product.flatMap(({ code }) => [...code.matchAll(saying)].map(([, word]) => word!));
    expect(said.length).toBeGreaterThan(20);
    expect(said.filter((word) => !words.includes(word))).toEqual([]);
  });
  it('that a script or a gate says are in the table', () => {
    const replies = lua.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:return|reply|refuse|say)[^\n]*?['"]([A-Z]{3,}(?:_[A-Z]+)*)['"]/g)].map(
        ([, word]) => ({ path, word: word! }),
      ),
    );
    const states = [...seatMachine.states, ...orderMachine.states, 'RELEASED', 'OPEN', 'PAUSED'];
    // Redis commands stand in the same lines.
    const commands = /^(GET|SET|DEL|INCR|[HSXZ][A-Z]+|[GS]ETRANGE|TIME|EXISTS|ONE)$/;
    const methods = /^(POST|PATCH|DELETE|CLOSED)$/;
    const unknown = replies.filter(
      ({ word }) =>
        !words.includes(word) &&
        !states.includes(word as never) &&
        !commands.test(word) &&
        !methods.test(word),
    );
    expect(unknown).toEqual([]);
  });
  it('in the table are said somewhere', () => {
    const quoted = [
      ...elsewhere('contracts/errors.ts').map(({ code }) => code),
      ...lua.map(({ text }) => text),
    ].join('\n');
    expect(words.filter((word) => !new RegExp(`['"]${word}['"]`).test(quoted))).toEqual([]);
  });
  it('that a script may reply are all in its header', () => {
    for (const { name, text } of scripts) {
      const source = files(['.lua'], [`lua/${name}.lua`])[0]!.text;
      const header = source.slice(0, source.indexOf('\nlocal '));
      const replied = [...text.matchAll(/return(?: nil,)? \{ '([A-Z_]+)'/g)].map(
        ([, word]) => word!,
      );
      const missing = replied.filter((word) => !new RegExp(`\\b${word}\\b`).test(header));
      expect(missing, name).toEqual([]);
    }
  });
});

describe('channels', () => {
  it('are heard by exactly the services the table names', () => {
    for (const channel of CHANNEL_NAMES) {
      const named = CHANNELS[channel].heardBy.filter((service) => !service.endsWith('*'));
      const hearing = [...schemas.values()]
        .filter(({ channels }) => channels && channel in channels)
        .map(({ name }) => name);
      expect(hearing.toSorted(), channel).toEqual(named.toSorted());
    }
  });
  it('that every instance hears are followed by a tail, not by a group', () => {
    for (const channel of CHANNEL_NAMES)
      for (const service of CHANNELS[channel].heardBy.filter((name) => name.endsWith('*'))) {
        const own = product.filter(({ path }) =>
          path.startsWith(`services/${service.slice(0, -1)}/`),
        );
        const code = own.map((file) => file.code).join('\n');
        expect(code, `${service} hears ${channel}`).toContain(`'${channel}'`);
        expect(code).toContain('tailStream(');
      }
  });
  it('that a service hears exist', () => {
    const heard = [...schemas.values()].flatMap(({ channels = {} }) => Object.keys(channels));
    expect(heard.filter((channel) => !CHANNEL_NAMES.includes(channel as never))).toEqual([]);
  });
  it('are posted by exactly the scripts the table names', () => {
    for (const channel of CHANNEL_NAMES) {
      const named = CHANNELS[channel].postedBy.filter((poster) => poster.startsWith('lua/'));
      const posting = scripts
        .filter(({ keys }) => keys.includes(channel))
        .map(({ name }) => `lua/${name}`);
      expect(posting.toSorted(), channel).toEqual(named.toSorted());
    }
  });
  it('that the table says a service posts are named in its folder', () => {
    for (const channel of CHANNEL_NAMES)
      for (const poster of CHANNELS[channel].postedBy.filter((name) => !name.startsWith('lua/'))) {
        const root = poster.includes('/') ? `${poster}` : `services/${poster}/`;
        const naming = product.filter(
          ({ path, code }) => path.startsWith(root) && code.includes(`'${channel}'`),
        );
        expect(naming.length, `${poster} posts ${channel}`).toBeGreaterThan(0);
      }
  });
});

describe('calls', () => {
  const contract = ['actions', 'admin', 'config-actions'].map((name) => `contracts/${name}.ts`);
  const table = files(['.ts'], contract)
    .map(({ text }) => text.slice(text.search(/^export interface \w*Actions /m)))
    .join('\n');
  const named = [...table.matchAll(/^ {2}'([\w-]+\.\w+)':/gm)].map(([, name]) => name!);

  it('that the table names are answered, and every answer is named there', () => {
    const answered = [...schemas.values()].flatMap(({ name, actions = {} }) =>
      Object.entries(actions).flatMap(([action, definition]) =>
        definition && definition.visibility !== 'private' ? [`${name}.${action}`] : [],
      ),
    );
    expect(answered.toSorted()).toEqual(named.toSorted());
  });
  it('that the table names are made by somebody', () => {
    const quoted = product
      .filter(({ path }) => !contract.includes(path))
      .map(({ code }) => code)
      .join('\n');
    const managed = /\.(adminList|create|adminGet|update|remove|health)$/;
    const idle = named.filter(
      (name) =>
        !quoted.includes(`'${name}'`) && !quoted.includes(`\`${name}\``) && !managed.test(name),
    );
    const turned = /^(session|sandbox)\./;
    expect(idle.filter((name) => !turned.test(name))).toEqual([]);
  });
});

describe('keys of the arbiter', () => {
  it('are each used by a script', () => {
    const used = new Set(scripts.flatMap(({ keys }) => keys as string[]));
    const all = [...Object.keys(SALE_KEYS), ...Object.keys(SHARD_KEYS)];
    const read =
      product.map(({ code }) => code).join('\n') + lua.map(({ text }) => text).join('\n');
    expect(all.filter((name) => !used.has(name) && !read.includes(`.${name}`))).toEqual([]);
  });
});

describe('keys of the cache', () => {
  it('are each used by somebody', () => {
    const code = elsewhere('contracts/keys.ts').map((file) => file.code);
    const used = (name: string) => code.some((text) => text.includes(`'${name}'`));
    expect(Object.keys(CACHE_KEYS).filter((name) => !used(name))).toEqual([]);
  });
});

describe('settings', () => {
  it('are each read by somebody', () => {
    const tools = files(SCRIPTS, ['bin/']).map(({ text }) => codeOf(text));
    const users = product.filter(({ path }) => !path.startsWith('config/schema'));
    const code = [...users.map((file) => file.code), ...tools].join('\n');
    const conf = files(['.conf', '.lua'])
      .map(({ text }) => text)
      .join('\n');
    const idle = Object.keys(SETTINGS).filter(
      (name) => !new RegExp(`\\b${name}\\b`).test(code) && !conf.includes(name),
    );
    expect(idle).toEqual([]);
  });
});
