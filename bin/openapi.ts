/**
 * `npm run openapi`: writes the description of the API and, from it, the types of the client the
 * pages use. With `--check` it writes nothing, and exits 1 when what stands there is not of now.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import { documentOf } from './openapi/document.ts';
import { readSources } from './openapi/sources.ts';

const OUT = resolve(import.meta.dirname, '../web/api');
const HEAD = '// Made by `npm run openapi` from the description of the API; not to be edited.\n\n';

const document = documentOf(await readSources());
const types = astToString(await openapiTS(document as never));
const made: Readonly<Record<string, string>> = {
  'openapi.json': `${JSON.stringify(document, null, 1)}\n`,
  'schema.d.ts': `${HEAD}${types}`,
};

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not made yet
  }
};
for (const [name, text] of Object.entries(made)) {
  const path = resolve(OUT, name);
  if (read(path) === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`web/api/${name} is not of now: npm run openapi\n`);
    process.exitCode = 1;
  } else writeFileSync(path, text);
}
process.exit(); // services were looked at, and some of them keep a timer
