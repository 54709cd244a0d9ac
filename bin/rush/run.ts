/**
 * A whole rush: the stage, the crowd, the quiet after it, the check. The command and the tests of
 * the whole road both come in here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { walk } from './buyer.ts';
import { Client } from './client.ts';
import { type Asked, loadFacts, type Servers } from './facts.ts';
import { breachesOf, type Facts } from './invariants.ts';
import type { RushOptions } from './options.ts';
import { showProgress } from './progress.ts';
import type { RushReport } from './report.ts';
import { type Stage, setStage } from './stage.ts';
import { Tally } from './tally.ts';
import { WaitingRoom } from './waiting.ts';
import { Watcher } from './watcher.ts';
import { wishesOf } from './wishes.ts';

const LOOK_MS = 500;
/** How long after the last deadline everything must be at rest: sweeps and a restart included. */
const SETTLE_MS = 30_000;

/** Where the running system is. */
export type System = Servers & { readonly publicUrl: string };

/**
 * Runs a rush and checks it.
 * @param out where progress is shown; nowhere when undefined
 * @throws UsageError when the stage cannot be set
 */
export async function rush(
  options: RushOptions,
  system: System,
  out?: NodeJS.WriteStream,
): Promise<RushReport> {
  const url = options.url ?? system.publicUrl;
  const startedMs = performance.now();
  const tally = new Tally();
  const behind = new Client(url, options.concurrency, new Tally(), new AbortController().signal);
  const client = new Client(url, options.concurrency, tally, AbortSignal.timeout(options.limitMs));
  try {
    const stage = await setStage(behind, options);
    out?.write(`session ${stage.sessionId} (${stage.hall}), ${stage.tierOf.size} seats on sale\n`);
    const progress = showProgress(tally, options.buyers, out);
    const watcher = new Watcher(url, stage.sessionId);
    try {
      await crowd(options, stage, client);
    } finally {
      progress.stop();
      await watcher.stop();
    }
    out?.write('waiting until nothing is on its way, then checking Redis against MySQL\n');
    const { facts, quiet } = await settle(system, {
      ...stage,
      accepted: tally.accepted,
      watched: watcher.fold.faults,
    });
    const mark = (wanted: string) => facts.states.split(wanted).length - 1;
    return {
      url,
      sessionId: stage.sessionId,
      hall: stage.hall,
      seed: options.seed,
      buyers: options.buyers,
      tookMs: Math.round(performance.now() - startedMs),
      sent: tally.sent,
      repeated: tally.repeated,
      unanswered: tally.unanswered,
      refused: Object.fromEntries(tally.refused),
      locks: tally.accepted.length,
      orders: tally.orders,
      endings: Object.fromEntries(tally.endings),
      seats: {
        all: stage.tierOf.size,
        available: mark('0'),
        locked: mark('1'),
        sold: mark('2'),
      },
      hops: tally.hops(),
      quiet,
      breaches: breachesOf(facts),
    };
  } finally {
    await Promise.all([client.close(), behind.close()]);
  }
}

/** Sends every buyer down the road and waits for the last. */
async function crowd(options: RushOptions, stage: Stage, client: Client): Promise<void> {
  const { sessionId, tiers } = stage;
  const road = { client, sessionId, tiers, waiting: new WaitingRoom(client, sessionId) };
  // Within a session uids must not meet those of an earlier rush: they would share a limit.
  const run = Date.now().toString(36);
  const buyers = Array.from({ length: options.buyers }, (_, i) =>
    walk(wishesOf(options.seed, i, run, options.seatsPerBuyerMax), road),
  );
  await Promise.all(buyers);
}

/**
 * Something of the sale is still under way: a message, an overdue lock, a paid seat not yet sold.
 */
export function isMoving(facts: Facts): boolean {
  const { orders, holds, nowMs } = facts;
  const overdue = [...holds.values()].some(
    ({ state, deadlineMs }) => state === 'LOCKED' && deadlineMs < nowMs,
  );
  const paying = [...orders.values()].some(
    ({ state, deadlineMs }) => (state === 'LOCKED' && deadlineMs < nowMs) || state === 'PAYING',
  );
  return overdue || paying || breachesOf(facts).length > 0;
}

/** Waits until nothing moves, at most until every deadline and the time to settle have passed. */
async function settle(system: Servers, asked: Asked): Promise<{ facts: Facts; quiet: boolean }> {
  let untilMs: number | undefined;
  for (;;) {
    const facts = await loadFacts(system, asked);
    const moving = isMoving(facts);
    untilMs ??= facts.nowMs + facts.graceMs + SETTLE_MS;
    if (!moving || facts.nowMs > untilMs) return { facts, quiet: !moving };
    await sleep(LOOK_MS);
  }
}
