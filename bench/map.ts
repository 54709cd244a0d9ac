/**
 * `npm run bench:map [-- --json] [-- --shots=FOLDER]`: how evenly the seat map draws in headless
 * Chromium without a graphics card, with 20,000 and 60,000 seats and 500 changes a second. Ends
 * with 1 when a phase is over the budget. `--shots` keeps a picture of each phase to look at.
 */
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { findProgram } from '../bin/supervisor/binaries.mjs';
import { FLAGS } from '../test/web/browser.ts';
import { mapScript, openMap } from '../test/web/map-page.ts';

const SIZES = [20_000, 60_000];
const PHASE_MS = 4_000;
const SCREEN = { width: 1_200, height: 800 };
const P95_MS_MAX = 34;
const OVER_50_MAX = 3;

interface Measured {
  readonly fps: number;
  readonly p95Ms: number;
  readonly over50: number;
  readonly longestMs: number;
}
interface Line extends Measured {
  readonly seats: number;
  readonly phase: string;
}

async function measure(browser: Browser, script: string, seats: number): Promise<Line[]> {
  const context = await browser.newContext({ viewport: SCREEN });
  const page = await openMap(context, script, seats);
  const lines: Line[] = [];
  const phases = (await page.evaluate('bench.PHASES')) as string[];
  for (const phase of phases) {
    const call = `hall.measure(${JSON.stringify(phase)}, ${PHASE_MS})`;
    const measured = (await page.evaluate(call)) as Measured;
    lines.push({ seats, phase, ...measured });
    const shots = process.argv.find((word) => word.startsWith('--shots='))?.slice(8);
    const path = shots && join(shots, `${seats}-${phase.replace(', ', '-')}.png`);
    if (path) await page.screenshot({ path });
  }
  await context.close();
  return lines;
}

const within = ({ p95Ms, over50 }: Measured) => p95Ms <= P95_MS_MAX && over50 <= OVER_50_MAX;

const executablePath = findProgram('chromium');
if (!executablePath) throw new Error('chromium is not installed: npm test says how to get it');
const browser = await chromium.launch({ executablePath, args: FLAGS });
const lines: Line[] = [];
try {
  const script = await mapScript();
  for (const seats of SIZES) lines.push(...(await measure(browser, script, seats)));
} finally {
  await browser.close();
}
if (process.argv.includes('--json')) console.log(JSON.stringify(lines));
else
  console.table(
    lines.map((line) => ({
      seats: line.seats,
      phase: line.phase,
      fps: Math.round(line.fps * 10) / 10,
      'p95 ms': Math.round(line.p95Ms * 10) / 10,
      'frames over 50 ms': line.over50,
      'longest ms': Math.round(line.longestMs),
      budget: within(line) ? 'kept' : 'OVER',
    })),
  );
if (!lines.every(within)) process.exitCode = 1;
