/** An operator changes settings while everything runs: over HTTP and in the REPL, everywhere. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { beforeAll, expect, it } from 'vitest';
import { instancesOf } from '../../config/processes.ts';
import { REFUSALS } from '../../contracts/errors.ts';
import { cacheKey } from '../../contracts/keys.ts';
import { useStack } from '../support/stack.ts';
import {
  buildHall,
  comeToBuy,
  openSession,
  plainPlan,
  signIn,
  until,
  type Visitor,
} from './visitor.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CONFIG = '/admin/config';
const PATIENCE_MS = 20_000;

const system = useStack();
let operator: Visitor;
beforeAll(async () => {
  operator = await signIn(system().url, 'opal', 'operator');
});

const patch = (setting: string, body: object, ifMatch?: string) =>
  operator.ask('PATCH', `${CONFIG}/${setting}`, {
    body,
    ...(ifMatch && { headers: { 'if-match': ifMatch } }),
  });

interface Report {
  readonly revision: number;
  readonly values: Readonly<Record<string, unknown>>;
}
const repl = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(ROOT, 'bin/repl.ts'), 'config', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...system().env },
  });
const reports = () =>
  Promise.all(
    instancesOf(system().config.portBase, 'sandbox').map(
      async ({ port }) => (await (await fetch(`http://127.0.0.1:${port}/config`)).json()) as Report,
    ),
  );
/** Waits until every process of the system says that a value of a revision is in force in it. */
const everywhere = (revision: number, setting: string, value: unknown) =>
  until(`${setting} = ${value} everywhere`, PATIENCE_MS, reports, (all) =>
    all.every((report) => report.revision >= revision && report.values[setting] === value),
  );

it('is changed over HTTP, from the version it was read in, and undone', async () => {
  const read = await operator.get(`${CONFIG}/saleFreshMs`);
  expect([read.status, read.body.value, read.headers.etag]).toEqual([200, 500, '"0"']);
  const body = { value: 250, reason: 'a calmer arbiter' };
  const changed = await patch('saleFreshMs', body, '"0"');
  expect(changed.body).toMatchObject({ value: 250, from: 'global', start: 500 });
  await everywhere(changed.body.revision, 'saleFreshMs', 250);
  const stale = await patch('saleFreshMs', body, '"0"');
  expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);

  const wrong = await patch('saleFreshMs', { value: 5, reason: 'x' });
  expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/value']);
  const fixed = await patch('payGraceMs', { value: 5, reason: 'x' });
  expect([fixed.status, fixed.body.code, fixed.body.title]).toEqual([
    409,
    'CONFIG_NOT_LIVE',
    REFUSALS.CONFIG_NOT_LIVE.zh,
  ]);
  expect((await operator.get(`${CONFIG}/nothing`)).body.code).toBe('CONFIG_UNKNOWN');
  const organiser = await signIn(system().url, 'olga', 'organiser');
  expect((await organiser.get(CONFIG)).status).toBe(403);

  const undone = await operator.ask('DELETE', `${CONFIG}/saleFreshMs?reason=enough`);
  expect(undone.body).toMatchObject({ value: 500 });
  await everywhere(undone.body.revision, 'saleFreshMs', 500);
  const { body: history } = await operator.get(`${CONFIG}/saleFreshMs/history`);
  expect(history.items.map((change: { reason: string }) => change.reason)).toEqual([
    'enough',
    'a calmer arbiter',
  ]);
  const { revision } = changed.body;
  const back = await operator.post(`${CONFIG}/saleFreshMs/rollback`, { revision, reason: 'no' });
  expect(back.body).toMatchObject({ value: 250 });
  const diff = await operator.get(`${CONFIG}/diff?from=${undone.body.revision}`);
  expect(diff.body.items).toEqual([{ setting: 'saleFreshMs', from: null, to: 250, start: 500 }]);
});

it('tells the edge, whose limits are the new ones without a restart', async () => {
  const hall = await buildHall(system().url, plainPlan(2, 10));
  const sale = await openSession(hall);
  const buyer = await comeToBuy(system().url, sale);
  const refused = async (policy: string) => {
    const asks = Array.from({ length: 30 }, () => buyer.lock({ seats: [0] }));
    // nginx, reading its configuration anew, closes connections that are idle.
    const answers = await Promise.allSettled(asks);
    const limited = answers.map((one) => one.status === 'fulfilled' && one.value.headers);
    return limited.some((headers) => headers && headers['ratelimit-policy'] === policy);
  };
  for (const rate of [3, 4]) {
    await patch('edgeUidRate', { value: rate, reason: 'a flood' });
    await until('the edge refuses', PATIENCE_MS, () => refused(`"uid";q=${rate};w=1`), Boolean);
  }
  await operator.ask('DELETE', `${CONFIG}/edgeUidRate?reason=over`);
});

it('is changed in the REPL, also for the edge, and outlives a killed process', async () => {
  const set = ['set', 'edgeIpRate', '4000', '--reason', 'a flood', '--json'];
  const view = JSON.parse((await repl(...set)).stdout);
  expect(view).toMatchObject({ value: 4_000, from: 'global' });
  await everywhere(view.revision, 'edgeIpRate', 4_000);
  const { config } = system();
  const cache = new Redis(config.cacheUrl);
  const told = () => cache.hgetall(cacheKey(config.namespace, 'edge:config'));
  await until('the edge’s hash', PATIENCE_MS, told, ({ edgeIpRate }) => edgeIpRate === '4000');
  cache.disconnect();

  const pid = system().pidOf('order-1');
  system().kill('order-1');
  await until(
    'another order-1',
    PATIENCE_MS,
    async () => system().pidOf('order-1'),
    (now) => now !== undefined && now !== pid,
  );
  await system().waitReady('order-1');
  await everywhere(view.revision, 'edgeIpRate', 4_000);

  expect((await repl('list')).stdout).toMatch(/edgeIpRate.*4000/);
  expect(JSON.parse((await repl('history', 'edgeIpRate', '--json')).stdout).items).toMatchObject([
    { author: 'repl', after: 4_000, reason: 'a flood' },
  ]);
  const refused = (...args: string[]) => repl(...args).catch((error) => error.stderr);
  expect(await refused('set', 'edgeIpRate', '5')).toContain('"/reason"');
  expect(await refused('set', 'edgeIpRate', '0', '--reason', 'x')).toContain('"/value"');
  expect(await refused('turn')).toContain('VALIDATION_FAILED');
  await repl('unset', 'edgeIpRate', '--reason', 'over');
  expect(JSON.parse((await repl('get', 'edgeIpRate', '--json')).stdout).value).toBe(5_000);
});

it('needs no config centre for anything else', async () => {
  const probe = async () => (await fetch(`${system().url}/readyz`)).status;
  await system().stopOne('config-center-1');
  await until('ready without it', PATIENCE_MS, probe, (status) => status === 200);
  const busy = await operator.get(`${CONFIG}/dueBatch`);
  expect([busy.status, busy.body.code]).toEqual([503, 'BUSY']);
});
