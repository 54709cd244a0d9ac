/** The table of routes: no row may be wrong, and none may be open by mistake. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { faultsOf, ROUTES, type RouteRow, routesOf } from '../../services/gateway/routes.ts';

const named = (rows: readonly RouteRow[]) => rows.map(({ method, path }) => `${method} ${path}`);
const find = (line: string) => ROUTES.find(({ method, path }) => `${method} ${path}` === line)!;
const KIB = 1_024;

/** What is looked after: seats, orders, nodes, messages that died, settings, who did what. */
const OPERATORS =
  /\/(seats\/:seat(\/\w+)?|reconcile)$|\/(orders|nodes|dead-letters|audit|config)(\/|$)/;

describe('the table of routes', () => {
  test('has no fault', () => {
    expect(faultsOf(ROUTES)).toEqual([]);
  });

  test('is refused when a path stands twice, whatever its parameters are called', () => {
    const [row] = ROUTES;
    const twin = { ...row!, path: row!.path.replace(':sessionId', ':id') };
    expect(faultsOf([row!, twin])).toHaveLength(1);
  });

  test.each([
    [{ action: undefined }, /an action or a stream/],
    [{ stream: 'hall' as const }, /an action or a stream/],
    [{ path: '/x/:permit' }, /name of a header/],
    [{ method: 'GET' as const }, /takes no body/],
    [{ access: 'provider' as const }, /signature/],
    [{ headers: ['signature' as const] }, /signature/],
  ])('is refused with a row that cannot be right: %o', (change, fault) => {
    expect(faultsOf([{ ...ROUTES[0]!, ...change }]).join()).toMatch(fault);
  });

  test('is split by door without a path getting lost or answered twice', () => {
    const doors = (['rush', 'front', 'live'] as const).map((door) => routesOf(door, 'sandbox'));
    expect(doors.flat()).toHaveLength(ROUTES.length);
  });

  test('has no sandbox and no development path in production mode', () => {
    const rows = named(routesOf('front', 'production'));
    expect(rows.filter((row) => /sandbox|dev/.test(row))).toEqual([]);
    expect(rows).toContain('GET /api/v1/orders');
  });

  test('needs a token for whatever is not everybody’s, the provider’s or the sandbox’s', () => {
    const open = ROUTES.filter(({ access }) => ['all', 'provider', 'sandbox'].includes(access));
    expect(
      named(open).filter((row) => /admin|orders|stream-tickets|locks|permits/.test(row)),
    ).toEqual([]);
  });

  test('admits only operators to what they look after, organisers to what they manage', () => {
    const admin = ROUTES.filter(({ path }) => path.includes('/admin/'));
    expect(admin.length).toBeGreaterThan(20);
    for (const { path, access } of admin)
      expect(access).toBe(OPERATORS.test(path) ? 'operator' : 'organiser');
  });

  test('bounds every body: locks 16 KiB, plans 32 MiB, everything else 64 KiB', () => {
    expect(find('POST /api/v1/sessions/:sessionId/locks').bodyMax).toBe(16 * KIB);
    expect(find('POST /api/v1/admin/seat-templates').bodyMax).toBe(32 * KIB * KIB);
    expect(find('POST /api/v1/orders/:orderId/payments').bodyMax).toBe(64 * KIB);
  });
});

describe('what the edge keeps', () => {
  const text = (name: string) => readFileSync(`openresty/${name}`, 'utf8');
  const target = (row: RouteRow) => row.path.replaceAll(/:\w+/g, '0123456789abcdef');
  const locationIn = (conf: string) => {
    const [, pattern] = /location ~ (\^\/api\/v1\/\(\?:shows\S+) \{/.exec(conf)!;
    return new RegExp(pattern!);
  };
  const plain = [...text('catalogue.conf').matchAll(/"~(\^\(\?:GET\|HEAD\)[^"]+)" ""/g)].map(
    ([, pattern]) => new RegExp(pattern!),
  );
  const shared = ROUTES.filter(({ cache }) => cache === 'shared');

  test('is what may be kept anywhere, and nothing else', () => {
    expect(plain).toHaveLength(3);
    const outer = locationIn(text('nginx.conf'));
    const kept = ROUTES.filter((row) => {
      const path = target(row);
      const isPlain = plain.some((pattern) => pattern.test(`${row.method} ${path}`));
      return isPlain && outer.test(path);
    });
    expect(named(kept)).toEqual(named(shared));
  });

  test('is all that the inside server knows', () => {
    expect(locationIn(text('catalogue.conf'))).toEqual(locationIn(text('nginx.conf')));
  });

  test('needs no token, and no header of who asks', () => {
    expect(shared.filter(({ access, headers }) => access !== 'all' || headers)).toEqual([]);
    expect(shared.filter(({ door }) => door !== 'front')).toEqual([]);
  });
});
