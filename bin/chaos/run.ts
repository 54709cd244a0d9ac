/**
 * A whole run: a system of its own, a crowd, the nemesis, then healing, quiet, and the checks. The
 * command and the tests both come in here.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { theatre } from '../demo-plans.ts';
import { Client } from '../rush/client.ts';
import type { Breach, Invariant } from '../rush/invariants.ts';
import { RUSH_DEFAULTS } from '../rush/options.ts';
import { type Stage, setStage } from '../rush/stage.ts';
import { Tally } from '../rush/tally.ts';
import { Watcher } from '../rush/watcher.ts';
import { AppendOnlyFile } from './arbiter-loss.ts';
import { crowd, impatience } from './crowd.ts';
import type { FaultName } from './faults.ts';
import { History } from './history.ts';
import { House } from './house.ts';
import { followLives, Lives } from './lives.ts';
import { Forger } from './messages.ts';
import { Nemesis } from './nemesis.ts';
import type { ChaosOptions } from './options.ts';
import { randomOf } from './random.ts';
import { type ChaosReport, isSound, reportOf } from './report.ts';
import { scheduleOf } from './schedule.ts';
import { settle } from './settle.ts';
import { type ChaosStack, createStack, SHORT } from './stack.ts';

const RUNS = resolve(import.meta.dirname, '../../.run');
/** A buyer who waits longer for an answer asks again. */
const WATCHER_LOOK_MS = 5_000;
const ANSWER_MS = 2_500;
/** What may still be under way after the last deadline: refunds, a repair, a group's patience. */
const SETTLE_MS = 60_000;

/** Where a run keeps what it made; named by its process, so that a dead one's can be ended. */
const runDirOf = (seed: number): string => join(RUNS, `chaos-${process.pid}-seed${seed}`);
/** What is to be looked at; nobody takes it for a dead run's. */
const keptDirOf = (seed: number): string => join(RUNS, `kept-seed${seed}-${process.pid}`);

/**
 * Runs it and stops everything it started. What a sound run left is removed.
 * @param say a line for a human
 * @param signal ends the load and the faults early; the checks are made all the same
 * @throws StartError, UsageError when it could not run
 */
export async function chaos(
  options: ChaosOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ChaosReport> {
  const runDir = runDirOf(options.seed);
  mkdirSync(runDir, { recursive: true });
  const fsync = options.seed % 2 === 0 ? 'everysec' : 'always';
  const stack = await createStack(runDir, { ARBITER_FSYNC: fsync });
  const killAll = () => stack.supervisor.killAll();
  process.once('exit', killAll);
  let remove = false;
  try {
    await stack.start((title, work) => {
      say(title);
      return work(() => undefined);
    });
    const report = await storm(stack, options, say, signal);
    remove = isSound(report) && !options.keep;
    return remove ? report : { ...report, kept: keptDirOf(options.seed) };
  } finally {
    await stack.stop();
    process.off('exit', killAll);
    if (!remove) renameSync(runDir, keptDirOf(options.seed));
    rmSync(runDir, { recursive: true, force: true });
  }
}

/** Load and faults on a stack that runs, and what came of it. */
async function storm(
  stack: ChaosStack,
  options: ChaosOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ChaosReport> {
  const { config, dirs } = stack;
  const runMs = options.seconds * 1_000;
  const schedule = (options.schedule ?? scheduleOf(options.seed, runMs)).filter(
    ({ fault }) => !options.without.includes(fault),
  );
  writeFileSync(join(dirs.run, 'schedule.json'), JSON.stringify(schedule, null, 1));
  const history = new History(join(dirs.run, 'history.jsonl'));
  const over = AbortSignal.any([signal, AbortSignal.timeout(runMs)]);
  const tally = new Tally();
  const client: Client = new Client(config.publicUrl, options.buyers, tally, over, {
    answerMs: ANSWER_MS,
    witness: (call) => {
      history.note(call);
      house.note(call);
      pressAgain(call);
    },
  });
  const pressAgain = impatience(() => client);
  const behind = clientFor(config.publicUrl);
  const stages = await openSales(behind, options, dirs.run);
  const once = { attempts: 1 };
  const house = new House(new Client(config.publicUrl, 8, new Tally(), over, once), stages);
  const { token } = stages[0]!;
  const watching = stages.map(({ sessionId }) => watchersOf(config.publicUrl, sessionId, options));
  const watchers = watching.flat();
  const file = new AppendOnlyFile(dirs.arbiter);
  const forged = new Map<FaultName, number>();
  const forger = new Forger(config, randomOf(options.seed));
  const lives = new Lives();
  const ended = new AbortController();
  const following = followLives(config, lives, ended.signal);
  const nemesis = new Nemesis({ stack, file, forger, forged }, ({ fault, target, missed }) =>
    say(`${fault} ${target}${missed === undefined ? '' : ` (missed: ${missed})`}`),
  );
  try {
    say(`${options.buyers} buyers, ${stages.length} sales, ${schedule.length} strikes`);
    const [came] = await Promise.all([
      crowd(options.seed, options.buyers, client, stages),
      house.work(token, randomOf(options.seed + 1)),
      nemesis.run(schedule, over).then(() => whole(over)),
    ]);
    say('healing');
    const sick = await nemesis.heal();
    const healedMs = performance.now();
    say('waiting until nothing is on its way');
    const sales = stages.map(({ sessionId, tierOf }, i) => ({
      sessionId,
      tierOf,
      accepted: tally.accepted.filter(({ orderId }) => orderId.startsWith(`${sessionId}-`)),
      watched: watching[i]!.flatMap(({ fold }) => fold.faults),
    }));
    const asking = { client: behind, history };
    const longestMs = Number(SHORT.LOCK_MS_DEFAULT) + Number(SHORT.PAY_GRACE_MS) + SETTLE_MS;
    const rest = await settle(config, sales, asking, longestMs);
    const quietAfterMs = Math.round(performance.now() - healedMs);
    const before = watchers.map(({ fold }) => fold.faults.length);
    await Promise.all(watchers.map((watcher) => watcher.last()));
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    const breach =
      (invariant: Invariant) =>
      (what: string): Breach => ({ invariant, what });
    const seen = [
      ...watchers.flatMap(({ fold }, i) => fold.faults.slice(before[i]).map(breach('I7'))),
      ...lives.faults.map(breach('I1')),
      ...forger.believed.map(breach('I8')),
      ...(await house.faults(behind, token)).map(breach('I3')),
    ];
    const compared = watchers.reduce((sum, { fold }) => sum + fold.compared, 0);
    const { struck } = nemesis;
    const ran = {
      ...{ came, tally, history, struck, forged, sick, rest, seen, quietAfterMs, compared },
      moves: lives.moves,
      house: house.told,
    };
    return await reportOf(options, config, ran);
  } finally {
    ended.abort();
    await following;
    file.stop();
    await Promise.all([client.close(), behind.close(), house.close(), history.close()]);
  }
}

/** Many who watch a hall look it up less often each, so that it is not their load that is tried. */
const watchersOf = (url: string, sessionId: string, { watchers }: ChaosOptions) =>
  Array.from({ length: watchers }, () => new Watcher(url, sessionId, WATCHER_LOOK_MS));

const clientFor = (url: string): Client =>
  new Client(url, 8, new Tally(), new AbortController().signal);

/** Until the load is over, when the last strike is. */
const whole = (over: AbortSignal): Promise<void> =>
  over.aborted
    ? Promise.resolve()
    : new Promise((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));

/** Makes the sales: a theatre each, locks that live as short as they may. */
async function openSales(
  client: Client,
  { sales }: ChaosOptions,
  runDir: string,
): Promise<Stage[]> {
  const plan = join(runDir, 'plan.json');
  writeFileSync(plan, JSON.stringify(theatre().plan));
  const lockMs = Number(SHORT.LOCK_MS_DEFAULT);
  const stages: Stage[] = [];
  for (let i = 0; i < sales; i++)
    stages.push(await setStage(client, { ...RUSH_DEFAULTS, plan, lockMs }));
  return stages;
}
