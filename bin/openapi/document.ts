/**
 * The OpenAPI 3.1 document: the route table, what each action takes, what it answers, and every
 * refusal word. Nothing is written here that stands elsewhere. Pure.
 */
import { ADMITS } from '../../contracts/access.ts';
import { REFUSALS } from '../../contracts/errors.ts';
import { HEADER_PARAMS, paramsOf, type RouteRow } from '../../services/gateway/routes.ts';
import {
  bodySchema,
  isOptional,
  type JsonSchema,
  type Params,
  rulesOf,
  schemaOf,
} from './schema.ts';

/** What an action answers, from its contract. */
export interface Answers {
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  answerOf(action: string): JsonSchema;
  /** What the contract says of it in words. */
  wordsOf(action: string): string | undefined;
}
export interface Sources {
  readonly rows: readonly RouteRow[];
  readonly version: string;
  paramsOf(action: string): Params;
  readonly answers: Answers;
}

const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'RFC 9457. Some words bring more members: a SEAT_TAKEN says what is left.',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(REFUSALS) },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          pointer: { type: 'string' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
        required: ['pointer', 'code', 'detail'],
      },
    },
  },
  required: ['type', 'title', 'status', 'code'],
};
const REFUSED = {
  description: 'A refusal, or weather: `code` says which.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const EVENTS = { 'text/event-stream': { schema: { type: 'string' } } };

const openPath = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

/** Where each parameter of an action comes from: path, header, query; the rest is the body. */
function operationOf(row: RouteRow, { paramsOf: takenBy, answers }: Sources): JsonSchema {
  const { action, path, headers = [], body, access, status, query = [] } = row;
  const inPath = paramsOf(path);
  const params: Params = action ? takenBy(action) : {};
  const rules = rulesOf(params);
  const others = Object.keys(rules).filter(
    (name) => !inPath.includes(name) && !headers.includes(name as never) && name !== 'contentType',
  );
  const inBody = body === 'json' ? others : [];
  const inQuery = body === 'json' || body === 'raw' ? [] : [...others, ...query];
  const place = (where: string, name: string, shown: string = name) => ({
    name: shown,
    in: where,
    required: where === 'path' || (rules[name] !== undefined && !isOptional(rules[name])),
    schema: rules[name] === undefined ? { type: 'string' } : schemaOf(rules[name]),
  });
  const parameters = [
    ...inPath.map((name) => place('path', name)),
    ...headers.map((name) => place('header', name, HEADER_PARAMS[name])),
    ...inQuery.map((name) => place('query', name)),
  ];
  const content = action ? { 'application/json': { schema: answers.answerOf(action) } } : EVENTS;
  const words = action && answers.wordsOf(action);
  return {
    operationId: action ?? `stream.${row.stream}`,
    tags: [(action ?? 'notification.').split('.')[0]],
    ...(words && { description: words }),
    ...(parameters.length > 0 && { parameters }),
    ...bodyOf(row, params, inBody),
    ...(ADMITS[access] && { security: [{ token: [] }], 'x-roles': ADMITS[access] }),
    responses: { [status]: { description: 'Done.', content }, default: REFUSED },
  };
}

function bodyOf({ body }: RouteRow, params: Params, names: readonly string[]): JsonSchema {
  if (body === 'none') return {};
  const media: Readonly<Record<string, JsonSchema>> = {
    json: { 'application/json': { schema: bodySchema(params, names) } },
    raw: { 'application/json': { schema: { type: 'object' } } },
    stream: {
      'application/json': { schema: { type: 'object' } },
      'text/csv': { schema: { type: 'string' } },
    },
  };
  return { requestBody: { required: names.length > 0 || body !== 'json', content: media[body] } };
}

/** The whole document. */
export function documentOf(sources: Sources): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const row of sources.rows) {
    const path = openPath(row.path);
    paths[path] = { ...paths[path], [row.method.toLowerCase()]: operationOf(row, sources) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'hotseat', version: sources.version },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { ...sources.answers.schemas, Problem: PROBLEM },
    },
  };
}
