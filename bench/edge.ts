/**
 * `npm run bench:edge [-- --json]`: what a request costs the edge, by what becomes of it. One
 * worker; the time it has had of its core (Linux tells it in nanoseconds), divided by the answers
 * its client has counted. Each sample of a case stands between two of a static answer of the same
 * worker, so that a busy machine slows them alike; the median of the ratios counts. The first round
 * warms up. Also: what the pulling of a hundred sales costs a worker that does nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Case, casesOf, staticOf } from './edge-cases.ts';
import { type Edge, SALES, setStage } from './edge-stage.ts';
import { median } from './figures.ts';
import { type Question, startLoad } from './load.ts';
import { cpuNsOf } from './pinned.ts';

const ROUNDS = 7;
const WARM_MS = 100;
const SAMPLE_MS = 500;
const READY_MS = 20_000;
/** Chosen at random so often, nineteen in twenty of many requests have been asked. */
const ASKED_TIMES = 3;
const IDLE_MS = 10_000;
const PULL_MOST = 1;

/** What one sample saw: µs of the worker per answer. */
async function sample(question: Question, { worker }: Edge): Promise<number> {
  const load = startLoad(question);
  await sleep(WARM_MS);
  const [cpuNs, answered] = [cpuNsOf(worker), load.answered()];
  await sleep(SAMPLE_MS);
  const us = (cpuNsOf(worker) - cpuNs) / (load.answered() - answered) / 1_000;
  load.end();
  return us;
}

interface Row {
  readonly says: string;
  readonly most?: number;
  readonly us: number[];
  readonly staticUs: number[];
  readonly ratios: number[];
}

/** One turn of a case: static, case, static. */
async function turn(row: Row, question: Case): Promise<void> {
  const still = staticOf(question.edge);
  const before = await sample(still, question.edge);
  const us = await sample(question, question.edge);
  const after = await sample(still, question.edge);
  row.us.push(us);
  row.staticUs.push((before + after) / 2);
  row.ratios.push((2 * us) / (before + after));
}

/**
 * Waits until a case is answered as it says: the edges have to hear of the sales. Then asks each of
 * its requests, so that a token an edge remembers is remembered.
 */
async function ready(question: Case): Promise<void> {
  const untilMs = performance.now() + READY_MS;
  const inTime = () => performance.now() < untilMs;
  for (;;) {
    const load = startLoad(question);
    await sleep(WARM_MS);
    while (load.answered() < ASKED_TIMES * question.requests.length && load.right() && inTime())
      await sleep(WARM_MS);
    try {
      return load.end();
    } catch (error) {
      if (!inTime()) throw error;
    }
  }
}

/** Per cent of a core that a worker takes when nobody asks it anything. */
async function idle({ worker }: Edge): Promise<number> {
  const [cpuNs, startedMs] = [cpuNsOf(worker), performance.now()];
  await sleep(IDLE_MS);
  return (cpuNsOf(worker) - cpuNs) / (performance.now() - startedMs) / 10_000;
}

const line = (cells: readonly string[]) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(44) : cell.padStart(12))).join('');
const verdict = (figure: number, most?: number) =>
  most === undefined ? '' : figure <= most ? 'ok' : 'MISSED';

function print(rows: readonly Row[], pullPercent: number): void {
  const say = (cells: readonly string[]) => process.stdout.write(`${line(cells).trimEnd()}\n`);
  say(['median of so many turns', 'worker µs', 'static µs', '÷ static', 'range', 'at most']);
  for (const { says, most, us, staticUs, ratios } of rows) {
    const ratio = median(ratios);
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const figures = [median(us), median(staticUs), ratio].map((figure) => figure.toFixed(2));
    say([says, ...figures, range, most?.toFixed(2) ?? '', verdict(ratio, most)]);
  }
  const pull = [pullPercent.toFixed(2), '', '', '', PULL_MOST.toFixed(2)];
  say([`pulling ${SALES} sales, % of a core`, ...pull, verdict(pullPercent, PULL_MOST)]);
}

const stage = await setStage();
try {
  const cases = casesOf(stage);
  for (const question of cases) await ready(question);
  const rows: Row[] = cases.map(({ says, most }) => ({
    says,
    ...(most !== undefined && { most }),
    ...{ us: [], staticUs: [], ratios: [] },
  }));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [n, question] of cases.entries()) {
      const warmUp = { says: '', us: [], staticUs: [], ratios: [] };
      await turn(round === 0 ? warmUp : rows[n]!, question);
    }
  const pullPercent = await idle(stage.wide);
  if (process.argv.includes('--json')) {
    const figures = rows.map((row) => ({ ...row, ratio: median(row.ratios) }));
    process.stdout.write(`${JSON.stringify({ cases: figures, pullPercent })}\n`);
  } else print(rows, pullPercent);
  const missed = rows.some(({ most = Number.POSITIVE_INFINITY, ratios }) => median(ratios) > most);
  if (missed || pullPercent > PULL_MOST) process.exitCode = 1;
} finally {
  await stage.end();
}
