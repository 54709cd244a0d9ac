/**
 * `npm run bench:overload [-- --json]`: what those who are let in feel of it when three times as
 * much is asked as can be answered. A rush process has one core, whoever asks another. First the
 * rate it can sustain: the highest of a few at which nearly nobody waits. Then in turns: a quarter
 * of that rate, three times that rate, a rest. The median of five ratios counts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './figures.ts';
import { type Asked, offer } from './overload-load.ts';
import { setOverloadStage } from './overload-stage.ts';

const ROUNDS = 5;
const OVER = 3;
const RATIO_MOST = 3;
/** Not next to nothing: a machine that sleeps between two questions is slow to wake. */
const CALM_SHARE = 0.25;
const RATE_LEAST = 200;
const CALM_MS = 1_500;
const OVER_MS = 6_000;
/** In which it notices. */
const SKIP_MS = 2_000;
const TRY_MS = 2_000;
/** A rate is sustained when so many are answered, the middle one within so long. */
const ANSWERED_LEAST = 0.99;
const WAIT_MOST_MS = 10;
const STEP = 0.85;
const FIRST_PER_SECOND = 16_000;
const REST_MS = 1_500;
const REST_MOST = 20;

interface Round {
  readonly calmMs: number;
  readonly overMs: number;
  readonly ratio: number;
  readonly shedShare: number;
  readonly perSecond: number;
  readonly lost: number;
}

const stage = await setOverloadStage();

async function rest(): Promise<void> {
  for (let n = 0; n < REST_MOST; n++) {
    await sleep(REST_MS);
    if (!(await stage.isShedding())) return;
  }
  throw new Error('it goes on turning away, and nobody asks');
}

/** Goes down from more than it can to what it can. */
async function sustainable(asked: () => Asked): Promise<number> {
  await offer(asked(), FIRST_PER_SECOND / 8, TRY_MS); // warms up
  for (let rate = FIRST_PER_SECOND; rate > RATE_LEAST; rate *= STEP) {
    const { latenciesMs, shed, lost } = await offer(asked(), rate, TRY_MS);
    const share = latenciesMs.length / (latenciesMs.length + shed + lost);
    if (share >= ANSWERED_LEAST && median(latenciesMs) <= WAIT_MOST_MS) return Math.round(rate);
    await rest();
  }
  throw new Error('no rate is sustained');
}

async function round(rate: number): Promise<Round> {
  const calm = await offer(stage.asked(), CALM_SHARE * rate, CALM_MS);
  const over = await offer(stage.asked(), OVER * rate, OVER_MS, SKIP_MS);
  await rest();
  const [calmMs, overMs] = [median(calm.latenciesMs), median(over.latenciesMs)];
  const all = over.latenciesMs.length + over.shed + over.lost;
  return {
    calmMs,
    overMs,
    ratio: overMs / calmMs,
    shedShare: over.shed / all,
    perSecond: over.latenciesMs.length / over.seconds,
    lost: over.lost,
  };
}

const line = (cells: readonly (string | number)[]) =>
  cells.map((cell, i) => (i === 0 ? String(cell).padEnd(12) : String(cell).padStart(14))).join('');

try {
  const rate = await sustainable(stage.asked);
  const rounds: Round[] = [];
  for (let n = 0; n < ROUNDS; n++) rounds.push(await round(rate));
  const ratio = median(rounds.map((one) => one.ratio));
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ rate, rounds, ratio })}\n`);
  else {
    const say = (cells: readonly (string | number)[]) =>
      process.stdout.write(`${line(cells).trimEnd()}\n`);
    say(['', 'calm p50 ms', `${OVER}x p50 ms`, 'ratio', 'let in per s', 'turned away', 'lost']);
    for (const [n, one] of rounds.entries())
      say([
        `round ${n + 1}`,
        ...[one.calmMs, one.overMs, one.ratio].map((figure) => figure.toFixed(2)),
        Math.round(one.perSecond),
        `${Math.round(one.shedShare * 100)} %`,
        one.lost,
      ]);
    say([`sustained: ${rate} a second; offered: ${OVER * rate}`]);
    const verdict = ratio <= RATIO_MOST ? 'ok' : 'MISSED';
    say([`median ratio ${ratio.toFixed(2)}, at most ${RATIO_MOST}: ${verdict}`]);
  }
  if (ratio > RATIO_MOST) process.exitCode = 1;
} finally {
  await stage.end();
}
