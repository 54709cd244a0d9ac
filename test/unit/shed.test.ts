/** What a door that cannot keep up turns away: by the table of routes, HEAD like GET. */
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { maySheds } from '../../contracts/flow.ts';
import { ROUTES } from '../../services/gateway/routes.ts';
import { mayShedOf } from '../../services/gateway/shed.ts';

const mayShed = mayShedOf(ROUTES);
const asked = (method: string, path: string) =>
  mayShed({ method, url: path.replaceAll(/:\w+/g, 'x1') } as IncomingMessage);

test('a request is turned away where its action may be, and HEAD where GET is', () => {
  for (const { method, path, action } of ROUTES) {
    const may = action === undefined || maySheds(action);
    expect(asked(method, path), `${method} ${path}`).toBe(may);
    if (method === 'GET') expect(asked('HEAD', path), `HEAD ${path}`).toBe(may);
  }
});

test('a question behind a path changes nothing, a longer path is another', () => {
  const vital = ROUTES.find(
    ({ method, action }) => method === 'GET' && action && !maySheds(action),
  );
  const { path } = vital!;
  expect(asked('GET', `${path}?limit=1`)).toBe(false);
  expect(asked('HEAD', `${path}?limit=1`)).toBe(false);
  expect(asked('GET', `${path}/more`)).toBe(true);
});
