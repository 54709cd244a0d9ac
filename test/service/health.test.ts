/** A process under moleculer-runner: how it says it is, how it ends, how its peers take it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBroker } from 'moleculer';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import { instancesOf } from '../../config/processes.ts';
import { useEnvironment } from '../support/servers.ts';
import { startInstance } from './instances.support.ts';

let env: Record<string, string>;
let portBase: number;
const children: ChildProcess[] = [];
const brokers: ServiceBroker[] = [];

beforeEach(async () => {
  portBase = await freePortBase();
  env = await useEnvironment({
    PORT_BASE: String(portBase),
    MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
    LOG_LEVEL: 'info',
  });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const broker of brokers.splice(0)) await broker.stop();
});

const portOf = (name: string) =>
  instancesOf(portBase, 'sandbox').find((instance) => instance.name === name)!.port;

function start(name: string) {
  const running = startInstance(name, env);
  children.push(running.child);
  return running;
}

async function ask(name: string, path: string): Promise<[status: number, body: unknown]> {
  const answer = await fetch(`http://127.0.0.1:${portOf(name)}${path}`);
  return [answer.status, await answer.json()];
}
const untilAlive = (name: string) =>
  vi.waitFor(async () => expect((await ask(name, '/live'))[0]).toBe(200), 10_000);

/** A node that calls, with the options that all nodes have. */
async function caller(nodeID = 'caller'): Promise<ServiceBroker> {
  vi.resetModules();
  const { default: options } = await import('../../moleculer.config.ts');
  const middlewares = options.middlewares?.filter(
    (one) => typeof one === 'string' || one.name === 'DeadNodes',
  );
  const broker = new ServiceBroker({ ...options, middlewares, nodeID, logger: false });
  brokers.push(broker);
  await broker.start();
  await broker.waitForServices('trial', 10_000);
  return broker;
}

test('is alive at once, and ready when its services say so', async () => {
  start('order-1');
  await untilAlive('order-1');
  const broker = await caller();
  await vi.waitFor(async () => {
    const missing = { ok: false, missing: ['trial: the need'] };
    expect(await ask('order-1', '/ready')).toEqual([503, missing]);
  }, 5_000);
  await broker.call('trial.need');
  expect(await ask('order-1', '/ready')).toEqual([200, { ok: true }]);
  expect((await ask('order-1', '/other'))[0]).toBe(404);
});

test('told to end, it answers what it was asked, takes nothing new, and exits 0', async () => {
  const { child, ended, log } = start('order-1');
  const broker = await caller();
  const answer = broker.call('trial.slow', { ms: 800 });
  await sleep(100);
  child.kill('SIGTERM');
  child.kill('SIGINT');
  expect(await answer).toBe('done');
  expect(await ended).toBe(0);
  const lines = (await log).trim().split('\n');
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('level');
  expect(lines.filter((line) => line.includes(': draining'))).toHaveLength(1);
});

test('told to end, it does not wait for ever, whatever hangs', async () => {
  env.DRAIN_MS = '500';
  const { child, ended } = start('order-1');
  const broker = await caller();
  await broker.call('trial.hang');
  const answer = broker.call('trial.slow', { ms: 60_000 }).catch((error: Error) => error);
  await sleep(100);
  const startedMs = performance.now();
  child.kill('SIGTERM');
  expect(await ended).toBe(1);
  expect(performance.now() - startedMs).toBeLessThan(3_500);
  await answer;
});

test('who gave up a call does not wait for its answer when told to end', async () => {
  start('order-1');
  const broker = await caller();
  const given = broker.call('trial.slow', { ms: 60_000 }, { timeout: 100 });
  await expect(given).rejects.toMatchObject({ type: 'REQUEST_TIMEOUT' });
  const startedMs = performance.now();
  await broker.stop();
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test('a bug ends it with code 1, and the log says which', async () => {
  const { ended, log } = start('order-1');
  const broker = await caller();
  await broker.call('trial.bug');
  expect(await ended).toBe(1);
  const last = JSON.parse((await log).trim().split('\n').at(-1)!);
  expect(last).toMatchObject({ level: 'fatal', err: { message: 'a bug of the trial' } });
});

test('a health port that is taken ends it with a line that says so', async () => {
  const squatter = createServer().listen(portOf('order-1'), '127.0.0.1');
  await once(squatter, 'listening');
  const { ended, log } = start('order-1');
  expect(await ended).toBe(1);
  expect(await log).toContain(`The health port ${portOf('order-1')} cannot be opened`);
  squatter.close();
});

test('one of two killed under load: no call that may be repeated fails', async () => {
  const victim = start('order-1');
  start('order-2');
  await untilAlive('order-1');
  await untilAlive('order-2');
  const broker = await caller();
  await caller('bystander');
  await vi.waitFor(async () => {
    const nodes = await broker.call<{ available: boolean }[], object>('$node.list', {});
    expect(nodes.filter(({ available }) => available)).toHaveLength(4);
  }, 5_000);
  const answeredBy = new Set<number>();
  const failed: unknown[] = [];
  const endMs = performance.now() + 5_000;
  setTimeout(() => victim.child.kill('SIGKILL'), 1_000);
  const load = async () => {
    while (performance.now() < endMs)
      await broker.call<number, object>('trial.read', {}).then(
        (pid) => answeredBy.add(pid),
        (error) => failed.push(error),
      );
  };
  await Promise.all(Array.from({ length: 10 }, load));
  expect(failed).toEqual([]);
  expect(answeredBy.size).toBe(2);
});
