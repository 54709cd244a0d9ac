/** Where the API description comes from: the services' own schemas, and the types of calls. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ServiceSchema } from 'moleculer';
import { createGenerator } from 'ts-json-schema-generator';
import { ROUTES } from '../../services/gateway/routes.ts';
import type { Answers, Sources } from './document.ts';
import type { JsonSchema, Params } from './schema.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** What a service asks of its environment to be looked at: nothing of it is ever reached. */
const KEYS = ['JWT_KEYS', 'PERMIT_KEYS', 'EDGE_KEYS', 'ORDER_ID_KEYS', 'WEBHOOK_KEYS'];
const LOOKED_AT = {
  MODE: 'sandbox',
  INSTANCE: 'front-1', // a process with a door, which the gateway wants to be in
  NAMESPACE: 'described',
  ARBITER_URL: 'redis://127.0.0.1:1',
  CACHE_URL: 'redis://127.0.0.1:1',
  NATS_URL: 'nats://127.0.0.1:1',
  MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
  ...Object.fromEntries(KEYS.map((name) => [name, `k1:${'k'.repeat(32)}`])),
};

interface Row {
  readonly description?: string;
  readonly properties: { readonly result: JsonSchema };
}

/** Of a generic type whose argument has no name, the generator makes up one that does not last. */
const named = (name: string): string =>
  decodeURIComponent(name)
    .replace(/alias-[\d-]+<[^>]*>/g, 'Object')
    .replace(/\W+/g, ' ')
    .trim()
    .replaceAll(' ', '_');

/** Every schema that one leads to, itself not included. */
function reached(from: unknown, schemas: Readonly<Record<string, JsonSchema>>, found: Set<string>) {
  for (const [, name] of JSON.stringify(from).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    if (found.has(name!)) continue;
    found.add(name!);
    reached(schemas[name!], schemas, found);
  }
}

/** The types of the calls (contracts/actions.ts) as schemas; of them those that a route answers. */
function readAnswers(): Answers {
  const { definitions = {} } = createGenerator({
    path: resolve(ROOT, 'contracts/actions.ts'),
    tsconfig: resolve(ROOT, 'tsconfig.json'),
    type: 'Actions',
    skipTypeCheck: true,
    expose: 'export',
    jsDoc: 'basic',
    additionalProperties: true,
  }).createSchema('Actions');
  const text = JSON.stringify(definitions, (key, value) =>
    key === '$ref' ? `#/components/schemas/${named(value.slice('#/definitions/'.length))}` : value,
  );
  const all: Record<string, JsonSchema> = Object.fromEntries(
    Object.entries(JSON.parse(text)).map(([name, schema]) => [named(name), schema as JsonSchema]),
  );
  const rows = all.Actions!.properties as Readonly<Record<string, Row>>;
  const found = new Set<string>();
  for (const { action } of ROUTES) if (action) reached(rows[action]!.properties.result, all, found);
  return {
    schemas: Object.fromEntries([...found].toSorted().map((name) => [name, all[name]!])),
    answerOf: (action) => rows[action]!.properties.result,
    wordsOf: (action) => rows[action]!.description,
  };
}

/** What every routed action takes, from the services themselves. */
async function readParams(): Promise<ReadonlyMap<string, Params>> {
  const services = new Set(ROUTES.flatMap(({ action }) => action?.split('.')[0] ?? []));
  const params = new Map<string, Params>();
  for (const service of services) {
    const { default: schema } = await import(`../../services/${service}/${service}.service.ts`);
    const { mixins = [], actions } = schema as ServiceSchema;
    const own = Object.assign({}, ...[mixins].flat().map((mixin) => mixin.actions), actions);
    for (const [name, action] of Object.entries<{ params?: Params } | undefined>(own))
      if (action?.params) params.set(`${service}.${name}`, action.params);
  }
  return params;
}

/** Reads everything; for a process of its own, because it makes up an environment. */
export async function readSources(): Promise<Sources> {
  Object.assign(process.env, LOOKED_AT);
  const params = await readParams();
  const { version } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));
  return {
    rows: ROUTES,
    version,
    paramsOf: (action) => {
      const found = params.get(action);
      if (!found) throw new Error(`${action} does not say what it takes`);
      return found;
    },
    answers: readAnswers(),
  };
}
