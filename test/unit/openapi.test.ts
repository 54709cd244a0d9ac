/** The description of the API: whole, in itself consistent, and of now. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isOptional, schemaOf } from '../../bin/openapi/schema.ts';
import { REFUSALS } from '../../contracts/errors.ts';
import { ROUTES } from '../../services/gateway/routes.ts';
import { ROOT } from '../tidy/repository.ts';

const text = readFileSync(join(ROOT, 'web/api/openapi.json'), 'utf8');
const document = JSON.parse(text);

describe('the description of the API', () => {
  it('is of now, and so are the types made from it', { timeout: 60_000 }, async () => {
    const check = [join(ROOT, 'bin/openapi.ts'), '--check'];
    const { stderr } = await promisify(execFile)(process.execPath, check, { cwd: ROOT });
    expect(stderr).toBe('');
  });

  it('has every route, with every parameter of its path', () => {
    const described = Object.entries<
      Record<string, { parameters?: { name: string; in: string }[] }>
    >(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [] }]) => {
        const named = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
        expect([...path.matchAll(/{(\w+)}/g)].map(([, name]) => name)).toEqual(named);
        return `${method.toUpperCase()} ${path}`;
      }),
    );
    const rows = ROUTES.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect(described.toSorted()).toEqual(rows.toSorted());
  });

  it('names each operation once, and every schema it refers to is there', () => {
    const ids = [...text.matchAll(/"operationId": "(.*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ROUTES.length);
    const { schemas } = document.components;
    const references = [...text.matchAll(/"\$ref": "#\/components\/schemas\/(.*)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, name] of references) expect(schemas).toHaveProperty([name!]);
  });

  it('has every refusal word, and asks for a token where one is needed', () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(Object.keys(REFUSALS));
    const { post } = document.paths['/api/v1/sessions/{sessionId}/locks'];
    expect(post.security).toEqual([{ token: [] }]);
    expect(document.paths['/api/v1/shows'].get.security).toBeUndefined();
  });
});

describe('a rule of the validator as a schema', () => {
  it('says what the rule says', () => {
    expect(schemaOf({ type: 'string', empty: false, max: 5, pattern: /^a/u })).toEqual({
      ...{ type: 'string', minLength: 1, maxLength: 5, pattern: '^a' },
    });
    expect(schemaOf({ type: 'number', integer: true, min: 1, default: 20 })).toEqual({
      ...{ type: 'integer', minimum: 1, default: 20 },
    });
    expect(isOptional({ type: 'number', default: 20 })).toBe(true);
    expect(isOptional('string')).toBe(false);
    expect(schemaOf(['string', { type: 'enum', values: ['a'] }])).toEqual({
      anyOf: [{ type: 'string' }, { type: 'string', enum: ['a'] }],
    });
  });
  it('is refused when nobody has said what it is', () => {
    expect(() => schemaOf('luhn')).toThrow('no JSON schema is known for a rule of type luhn');
  });
});
