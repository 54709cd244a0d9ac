/** What the nemesis does to a clock and to a file, seen on a real process and a real directory. */
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendOnlyFile } from '../../bin/chaos/arbiter-loss.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nemesis-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a clock that is wrong', () => {
  const PRELOAD = resolve(import.meta.dirname, '../../bin/chaos/skew.ts');
  const ASK = `console.log(JSON.stringify([
    Date.now(), new Date().getTime(), new Date(5).getTime(), Date.parse('1970-01-01T00:00:01Z'),
    new Date() instanceof Date]))`;
  const ask = async (instance: string) => {
    const env = { ...process.env, CHAOS_CLOCKS: dir, INSTANCE: instance };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', PRELOAD, '-e', ASK],
      { env },
    );
    return JSON.parse(stdout) as [number, number, number, number, boolean];
  };

  it('is wrong for the process it was set for, and says nothing else that is wrong', async () => {
    const HOUR_MS = 3_600_000;
    writeFileSync(join(dir, 'order-1'), String(-HOUR_MS));
    const [now, made, given, parsed, isDate] = await ask('order-1');
    for (const ms of [now, made]) expect(Math.abs(ms + HOUR_MS - Date.now())).toBeLessThan(60_000);
    expect([given, parsed, isDate]).toEqual([5, 1_000, true]);
    const [right] = await ask('order-2');
    expect(Math.abs(right - Date.now())).toBeLessThan(60_000);
  });
});

describe('an append-only file', () => {
  it('loses what was written in the last second, and no more', async () => {
    mkdirSync(join(dir, 'appendonlydir'));
    const path = join(dir, 'appendonlydir/appendonly.aof.1.incr.aof');
    const file = new AppendOnlyFile(dir);
    writeFileSync(path, 'old,');
    await sleep(1_600);
    appendFileSync(path, 'new');
    await sleep(200);
    file.loseSecond();
    expect(statSync(path).size).toBe('old,'.length);
    file.loseAll();
    expect(readdirSync(dir)).toEqual([]);
    file.loseSecond();
    file.stop();
  });
});
