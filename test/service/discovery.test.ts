/**
 * Instances that come, go, stand still, and a NATS that was away: who asks is never restarted, and
 * finds those who answer. Each instance is a process; NATS knows its users, as `npm start` has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Middleware, ServiceBroker } from 'moleculer';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { loggedIn, natsUsers } from '../../bin/supervisor/nats-users.ts';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import {
  freshNamespace,
  type PrivateServer,
  privateServer,
  useEnvironment,
} from '../support/servers.ts';
import { type Running, startInstance } from './instances.support.ts';

const PATIENCE = { timeout: 45_000, interval: 50 };
const WORKERS = 6;
// Processes start, heartbeats are missed: each takes its seconds, more on a busy machine.
vi.setConfig({ testTimeout: 150_000 });

let nats: PrivateServer;
let env: Record<string, string>;
let caller: ServiceBroker;
let bystander: ServiceBroker;
const running = new Set<Running>();

beforeAll(async () => {
  const namespace = freshNamespace();
  const users = natsUsers(namespace);
  nats = await privateServer('nats', users);
  env = await useEnvironment({
    NAMESPACE: namespace,
    NATS_URL: loggedIn(nats.url, 'node', users),
    PORT_BASE: String(await freePortBase()),
    MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
    LOG_LEVEL: 'fatal',
  });
  const { default: options } = await import('../../moleculer.config.ts');
  const { deadNodes } = await import('../../mixins/dead-nodes.ts');
  const { lanes } = await import('../../mixins/lanes.ts');
  const node = (nodeID: string) => {
    // In their places: a call that times out is seen before it is repeated.
    const ours: Readonly<Record<string, () => Middleware>> = {
      Lanes: lanes,
      DeadNodes: deadNodes,
    };
    const places = (options.middlewares ?? []) as (string | Middleware)[];
    const middlewares = places
      .map((one) => (typeof one === 'string' ? one : ours[one.name ?? '']?.()))
      .filter((one) => one !== undefined);
    return new ServiceBroker({ ...options, middlewares, nodeID, logger: false });
  };
  caller = node('caller');
  // Somebody who answers a ping: where nobody does, the network is to blame and no node.
  bystander = node('bystander');
  await Promise.all([caller.start(), bystander.start()]);
});
afterEach(async () => {
  for (const { child, ended } of running) {
    // They say goodbye: the next test must not meet their ghosts.
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await ended;
  }
  running.clear();
});
afterAll(async () => {
  await Promise.all([caller, bystander].map((broker) => broker?.stop()));
  await nats?.end();
});

function start(name: string): Running {
  const instance = startInstance(name, env);
  running.add(instance);
  return instance;
}

/** Calls that go on, and who answered them; a call may be repeated, elsewhere. */
function load() {
  const answers: number[] = [];
  const failed: unknown[] = [];
  let going = true;
  const work = async () => {
    while (going) {
      const asked = caller.call<number, object>('trial.read', {});
      await asked.then(
        (pid) => answers.push(pid),
        (error) => failed.push(error),
      );
      if (failed.length > 0) await sleep(20);
    }
  };
  const workers = Array.from({ length: WORKERS }, work);
  return {
    answers,
    failed,
    /** Waits until each of these, and nobody else, answered of the last many. */
    async isBy(...instances: Running[]) {
      const pids = instances.map(({ child }) => child.pid!).toSorted((a, b) => a - b);
      const lastOnes = () => [...new Set(answers.slice(-200))].toSorted((a, b) => a - b);
      await expect
        .poll(async () => {
          const from = answers.length;
          await expect.poll(() => answers.length - from, PATIENCE).toBeGreaterThan(200);
          return lastOnes();
        }, PATIENCE)
        .toEqual(pids);
    },
    async end() {
      going = false;
      await Promise.all(workers);
    },
  };
}

test('under load one that starts is asked, one killed is not, and no call fails', async () => {
  const first = start('order-1');
  await caller.waitForServices('trial', PATIENCE.timeout);
  const calls = load();
  await calls.isBy(first);
  const second = start('order-2');
  await calls.isBy(first, second);
  first.child.kill('SIGKILL');
  await calls.isBy(second);
  const again = start('order-1');
  await calls.isBy(again, second);
  second.child.kill('SIGTERM');
  await calls.isBy(again);
  await calls.end();
  expect(calls.failed).toEqual([]);
});

test('an instance that stands still is asked no more, until it goes on', async () => {
  const first = start('order-1');
  const second = start('order-2');
  await caller.waitForServices('trial', PATIENCE.timeout);
  const calls = load();
  await calls.isBy(first, second);
  second.child.kill('SIGSTOP');
  await calls.isBy(first);
  second.child.kill('SIGCONT');
  await calls.isBy(first, second);
  await calls.end();
  expect(calls.failed).toEqual([]);
});

test('NATS killed, NATS away for a while: everybody is back, nobody was restarted', async () => {
  const first = start('order-1');
  const second = start('order-2');
  await caller.waitForServices('trial', PATIENCE.timeout);
  const calls = load();
  await calls.isBy(first, second);
  nats.kill();
  await nats.waitReady();
  await calls.isBy(first, second);
  await nats.stop();
  await expect.poll(() => calls.failed.length, PATIENCE).toBeGreaterThan(0);
  // Somebody new comes meanwhile, and waits.
  const third = start('scheduler-1');
  await sleep(1_000);
  await nats.start();
  await calls.isBy(first, second, third);
  await calls.end();
  for (const { child } of [first, second, third]) expect(child.exitCode).toBeNull();
});
