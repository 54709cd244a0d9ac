/** Two schedulers beside orders and an arbiter that is killed: deadlines come, one epoch opens. */
import { randomBytes } from 'node:crypto';
import type { ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LayoutColumns } from '../../contracts/layout.ts';
import { privateServer } from '../support/servers.ts';
import type { Node } from './order.support.ts';

const server = await privateServer('arbiter');
process.env.DUE_EVERY_MS = '50';
process.env.SWEEP_EVERY_MS = '500';
process.env.SWEEP_LATE_MS = '500';
process.env.PRIVATE_ARBITER_URL = server.url;
const {
  freshSale,
  keys,
  leave,
  lockOf,
  pathOf,
  posted,
  redis,
  soon,
  startNode,
  stateOf,
  statements,
  wordFrom,
} = await import('./order.support.ts');
const { createArbiter } = await import('../../lua/arbiter.ts');
const { default: seckill } = await import('../../services/seckill/seckill.service.ts');
const { default: scheduler } = await import('../../services/scheduler/scheduler.service.ts');
const { default: audit } = await import('../../services/audit/audit.service.ts');
const { newBlockId } = await import('../../contracts/ids.ts');
/** Of a block that was granted, and never recorded in time. */
const mintedBlock = (sale: string) => newBlockId(sale, Date.now() - 11_000, randomBytes);
const arbiter = createArbiter({ redis, keys });
const twin = { ...(scheduler as ServiceSchema), name: 'scheduler' };
/** What the catalogue says: nothing here is ever lost whole. */
const onSale: { id: string }[] = [];
const session: ServiceSchema = {
  name: 'session',
  actions: { onSale: () => onSale, reopen: () => ({ created: false }), restate: () => ({}) },
};

let node: Node;
let other: Node;
beforeAll(async () => {
  node = await startNode([seckill as ServiceSchema, session, audit, scheduler as ServiceSchema]);
  other = await startNode([seckill as ServiceSchema, session, twin]);
});
afterAll(async () => {
  await leave(node, other);
  await server.end();
});

const layout: LayoutColumns = {
  layoutVersion: 'v1',
  seatCount: 4,
  size: { width: 4, height: 1 },
  tiers: ['A'],
  sections: ['Hall'],
  rows: [{ section: 0, row: '1' }],
  seat: [0, 1, 2, 3],
  label: ['1-0', '1-1', '1-2', '1-3'],
  x: [0, 1, 2, 3],
  y: [0, 0, 0, 0],
  tier: [0, 0, 0, 0],
  row: [0, 0, 0, 0],
};

async function openSale(): Promise<string> {
  const sale = freshSale();
  const nowMs = Date.now();
  const terms = {
    reservationRequired: false,
    reservationOpensAtMs: nowMs - 1_000,
    reservationClosesAtMs: nowMs + 60_000,
    opensAtMs: nowMs - 1_000,
    closesAtMs: nowMs + 600_000,
    seatsPerBuyerMax: 4,
    lockMs: 5_000,
  };
  await arbiter.open(sale, layout, { A: 100 }, terms);
  return sale;
}
const lock = (sale: string, seats: number[]) => {
  const { orderId, uid } = lockOf('ann', seats, { sale });
  return arbiter.lock({ sale, uid, orderId, seats, requestId: 'r1' });
};

test('adopts a new arbiter once, then locks are accepted', async () => {
  await soon(() => arbiter.epoch(0)).toMatchObject({ runId: await arbiter.runId() });
  expect((await arbiter.epoch(0))?.epoch).toBe(1);
});

test('frees an unpaid seat within two seconds of its deadline, with one history', async () => {
  const sale = await openSale();
  const { orderId, deadlineMs } = await lock(sale, [1, 2]);
  await soon(() => stateOf(orderId)).toBe('LOCKED');
  await soon(async () => (await arbiter.snapshot(sale)).states, {
    timeout: 8_000,
    interval: 20,
  }).toBe('0000');
  expect(Date.now() - deadlineMs).toBeLessThan(2_000);
  expect(await pathOf(orderId)).toBe('INIT LOCKED TIMEOUT_CANCELLED');
  expect(await posted('order.cancelled', orderId)).toHaveLength(1);
});

test('opens one new epoch when the arbiter was killed, and locks go on', async () => {
  const sale = await openSale();
  const before = await arbiter.epoch(0);
  server.kill('SIGKILL');
  await server.waitReady();
  await soon(async () => (await arbiter.epoch(0))?.epoch, {
    timeout: 8_000,
  }).toBeGreaterThan(before!.epoch);
  await soon(() => lock(sale, [0]).then(() => 'locked', String)).toBe('locked');
  const now = (await arbiter.epoch(0))!;
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // the other one has looked as well
  const rows = await statements().rows<{ epoch: number; oldRunId: string; newRunId: string }>(
    'SELECT epoch, oldRunId, newRunId FROM arbiter_incidents ORDER BY epoch',
  );
  expect(rows.find(({ epoch }) => epoch === now.epoch)).toMatchObject({
    ...{ oldRunId: before!.runId, newRunId: await arbiter.runId() },
  });
  expect((await arbiter.epoch(0))?.epoch).toBe(now.epoch);
});

test('what an operator has compared is on record, with what came of it', async () => {
  const sale = await openSale();
  onSale.push({ id: sale });
  await arbiter.restore(sale, [
    { orderId: mintedBlock(sale), uid: '', seats: [2], deadlineMs: 0, state: 'BLOCKED' },
  ]);
  const meta = { user: { uid: 'opal', role: 'operator' as const }, requestId: 'r-opal' };
  const ask = (asked: object) =>
    node.ask('scheduler.reconcile', { sessionId: sale }, undefined, asked as typeof meta);
  expect((await ask(meta)).differences).toMatchObject([{ did: 'release' }]);
  const [row, ...more] = await statements().rows<{ after: string }>(
    'SELECT uid, role, action, `after`, requestId FROM audit_log WHERE target = :sale',
    { sale },
  );
  expect(more).toEqual([]);
  expect(row).toMatchObject({ uid: 'opal', action: 'session.reconcile', requestId: 'r-opal' });
  expect(JSON.parse(row!.after)).toEqual({ orders: 0, corrected: 0, differences: 1, books: 0 });
  expect(await wordFrom(ask({ user: { uid: 'anna', role: 'organiser' } }))).toBe('FORBIDDEN');
});

test('goes on with one of the two', async () => {
  await other.stop();
  const sale = await openSale();
  const { orderId } = await lock(sale, [3]);
  await soon(() => stateOf(orderId), { timeout: 9_000 }).toBe('TIMEOUT_CANCELLED');
  other = await startNode([seckill as ServiceSchema, session, twin]);
});
