/**
 * Nodes that offer shows and payments, each with a module graph as in a process of its own, on real
 * NATS; and a real config centre that tells them the rules.
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, ServiceBroker, type ServiceSchema } from 'moleculer';
import { expect, vi } from 'vitest';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import type { FlowReport, FlowRule, RuleReport } from '../../contracts/flow.ts';
import { useEnvironment } from '../support/servers.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };
const OF_A_PROCESS = ['Lifecycle', 'Health'];

/** What a call does on a node: nothing of its own accord. */
export type Act = (ctx: Context<Record<string, unknown>>, node: string) => Promise<unknown>;
export interface Node {
  readonly name: string;
  /** What it says of one rule. */
  report(rule: string): Promise<RuleReport | undefined>;
}

/** A call that is held until it is let go. */
export class Held {
  readonly #waiting: ((answer: string) => void)[] = [];
  get count(): number {
    return this.#waiting.length;
  }
  readonly act: Act = () => new Promise((answer) => this.#waiting.push(answer));
  letGo(count = this.#waiting.length): void {
    for (const answer of this.#waiting.splice(0, count)) answer('let go');
  }
}

export async function startFlow(more: Readonly<Record<string, string>> = {}) {
  const portBase = await freePortBase();
  const runDir = join(tmpdir(), `hotseat-flow-${process.pid}-${portBase}`);
  const env = await useEnvironment({
    PORT_BASE: String(portBase),
    RUN_DIR: runDir,
    MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
    LOG_LEVEL: 'fatal',
    FLOW_RULES: '[]',
    ...more,
  });
  const brokers: ServiceBroker[] = [];
  let act: Act = async () => 'done';

  const start = async (instance: string, schemas: () => Promise<ServiceSchema[]>) => {
    vi.resetModules();
    process.env.INSTANCE = instance;
    const { default: options } = await import('../../moleculer.config.ts');
    const broker = new ServiceBroker({
      ...options,
      nodeID: instance,
      logger: false,
      middlewares: options.middlewares!.filter(
        (one) => typeof one === 'string' || !OF_A_PROCESS.includes(one.name ?? ''),
      ),
    });
    brokers.push(broker);
    for (const schema of await schemas()) broker.createService(schema);
    await broker.start();
    return broker;
  };
  const services = (node: string): ServiceSchema[] => {
    const handler = (ctx: Context<Record<string, unknown>>) => act(ctx, node);
    return [
      { name: 'show', actions: { get: { handler } } },
      { name: 'payment', actions: { open: { handler } } },
      {
        name: 'order',
        actions: { cancel: { handler }, settle: { visibility: 'public', handler } },
      },
    ];
  };
  const whole = ({ nodeID }: { readonly nodeID: string }) =>
    centre.call<FlowReport, object>('$flow.report', {}, { nodeID });
  const report = async (broker: ServiceBroker, rule: string) =>
    (await whole(broker)).rules.find((row) => row.rule === rule);
  const node = async (name: string): Promise<Node> => {
    const broker = await start(name, async () => services(name));
    return { name, report: (rule) => report(broker, rule) };
  };

  const centre = await start('config-center-1', async () => [
    (await import('../../services/config-center/config-center.service.ts')).default as never,
  ]);
  /** Who asks: a node without rules and services of its own. */
  const asker = await start('front-1', async () => []);
  const operator = { meta: { user: { uid: 'opal', role: 'operator' } } };
  /** Changes a setting, and waits until every node has heard it. */
  const change = async (value: unknown, setting = 'flowRules') => {
    const params = { setting, value, reason: 'a test' };
    const set = await centre.call<{ revision: number }, object>(
      'config-center.set',
      params,
      operator,
    );
    await vi.waitFor(async () => {
      const told = brokers.map((broker) =>
        broker.call<FlowReport, object>('$flow.report', {}, { nodeID: broker.nodeID }),
      );
      for (const { revision } of await Promise.all(told))
        expect(revision).toBeGreaterThanOrEqual(set.revision);
    }, PATIENCE);
  };
  await vi.waitFor(() => centre.call('config-center.list', {}, operator), PATIENCE);

  return {
    env,
    asker,
    whole,
    node,
    report,
    change,
    /** What every call does from now on. */
    acts(now: Act) {
      act = now;
    },
    rules: (...rules: FlowRule[]) => change(JSON.stringify(rules)),
    ask: (params: object = {}, options: object = {}, action = 'show.get') =>
      asker.call<unknown, object>(action, params, options),
    end: async () => {
      for (const broker of brokers.toReversed()) await broker.stop();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}
export type FlowStage = Awaited<ReturnType<typeof startFlow>>;

/** `done`, or the word of what it was refused with. */
export const outcome = (asking: Promise<unknown>): Promise<string> =>
  asking.then(
    (answer) => String(answer),
    (error: { type?: string; message: string }) => error.type ?? error.message,
  );

/** Waits for what has to come true, with the last reason when it does not. */
export const until = (look: () => unknown): Promise<unknown> => vi.waitFor(look, PATIENCE);

/** Keeps the event loop from everything else. */
export const spend = (ms: number) => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
};
/** Makes every turn of this process's event loop take so long. @returns how to stop it */
export function untilLate(ms: number): () => void {
  let late = true;
  const turn = () => {
    if (!late) return;
    spend(ms);
    setImmediate(turn);
  };
  turn();
  return () => {
    late = false;
  };
}

/** How many of each. */
export const tally = (outcomes: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(outcomes, (o) => o)].map(([o, all]) => [o, all.length]));

export const on = (nodeID: string) => ({ nodeID });
export const as = (uid: string) => ({ meta: { user: { uid, role: 'buyer' } } });
