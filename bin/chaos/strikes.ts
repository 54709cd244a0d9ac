/** What each fault of `faults.ts` does to a running system, and what undoes it. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { SERVERS } from '../../config/processes.ts';
import { type AppendOnlyFile, empty } from './arbiter-loss.ts';
import type { FaultName, WireName } from './faults.ts';
import type { Forger } from './messages.ts';
import type { Strike } from './schedule.ts';
import type { ChaosStack } from './stack.ts';

export interface World {
  readonly stack: ChaosStack;
  readonly file: AppendOnlyFile;
  readonly forger: Forger;
  /** Messages that were put where they had no business, by fault. */
  readonly forged: Map<FaultName, number>;
}
/** Undoes a fault that lasts. */
export type Cure = () => unknown;
type Act = (world: World, strike: Strike) => Promise<Cure | undefined>;

const ANSWER_MS = 2_000;
const FULL_MEMORY = '1mb';
const memoryOf = (name: string) => `${SERVERS.find((row) => row.name === name)!.memoryMiB}mb`;

/** A fault that is over at once. */
const once =
  (act: (world: World, strike: Strike) => unknown): Act =>
  async (world, strike) => {
    await act(world, strike);
    return undefined;
  };
/** A wire goes bad, and is good again. */
const wire =
  (modeOf: (arg: number) => Parameters<ChaosStack['wires'][WireName]['turn']>[0]): Act =>
  async ({ stack }, { target, arg }) => {
    const bad = stack.wires[target as WireName];
    bad.turn(modeOf(arg));
    return () => bad.heal();
  };
/** Messages that nobody sent, counted. */
const forge = (act: (forger: Forger, strike: Strike) => Promise<number>): Act =>
  once(async ({ forger, forged }, strike) => {
    const count = await act(forger, strike);
    forged.set(strike.fault, (forged.get(strike.fault) ?? 0) + count);
  });

const pause: Act = async ({ stack: { supervisor } }, { target }) => {
  supervisor.pause(target);
  return () => supervisor.resume(target);
};
/** The arbiter goes down hard, loses something, and comes back. */
const lose = (what: 'loseSecond' | 'loseAll'): Act =>
  once(async ({ stack: { supervisor }, file }) => {
    await supervisor.halt('arbiter');
    file[what]();
    supervisor.revive('arbiter');
  });

/** One command to a server of its own, past every wire. */
async function tell(url: string, command: string, ...args: string[]): Promise<void> {
  const redis = new Redis(url, { commandTimeout: ANSWER_MS, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined); // the command that needs it says so
  try {
    await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}

export const STRIKES: Readonly<Record<FaultName, Act>> = {
  kill: once(({ stack }, { target }) => stack.supervisor.kill(target)),
  terminate: once(({ stack }, { target }) => stack.supervisor.kill(target, 'SIGTERM')),
  restart: once(async ({ stack: { supervisor } }, { target }) => {
    await supervisor.stop(target);
    supervisor.revive(target);
  }),
  pause,
  pauseServer: pause,
  down: async ({ stack: { supervisor } }, { target }) => {
    await supervisor.halt(target);
    return () => supervisor.revive(target);
  },
  loseSecond: lose('loseSecond'),
  loseAll: lose('loseAll'),
  flush: once(({ stack }) => tell(stack.config.cacheUrl, 'FLUSHALL')),
  diskFull: async ({ stack: { supervisor }, file }) => {
    const pid = supervisor.pidOf('arbiter');
    if (pid !== undefined) file.fill(pid);
    return () => empty(supervisor);
  },
  memoryFull: async ({ stack: { config } }) => {
    await tell(config.arbiterUrl, 'CONFIG', 'SET', 'maxmemory', FULL_MEMORY);
    return () => tell(config.arbiterUrl, 'CONFIG', 'SET', 'maxmemory', memoryOf('arbiter'));
  },
  delay: wire((ms) => ({ kind: 'delay', ms })),
  drop: wire(() => ({ kind: 'drop' })),
  reset: wire(() => ({ kind: 'reset' })),
  duplicate: forge((forger, { target, arg }) => forger.duplicate(target, arg)),
  replay: forge((forger, { target, arg }) => forger.replay(target, arg)),
  poison: forge((forger, { target, arg }) => forger.poison(target, arg)),
  webhookAgain: forge((forger, { arg }) => forger.webhooksAgain(arg)),
  webhookForged: forge((forger) => forger.webhookForged()),
  skew: async ({ stack: { dirs } }, { target, arg }) => {
    const clock = join(dirs.clocks, target);
    writeFileSync(clock, String(arg));
    return () => rmSync(clock, { force: true });
  },
};
