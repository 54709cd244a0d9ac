/**
 * The supervisor on small programs: what it keeps alive and how patiently, what it ends and what it
 * leaves alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holderOf, takeLock } from '../../bin/supervisor/lock.ts';
import { beginLog, logPath, tellingLine, trimLog } from '../../bin/supervisor/log-files.ts';
import { endLeftovers, recordPid } from '../../bin/supervisor/pids.ts';
import { processOf } from '../../bin/supervisor/process-table.ts';
import type { Program } from '../../bin/supervisor/program.ts';
import { Supervisor } from '../../bin/supervisor/supervisor.ts';
import { alive, until } from './start-stop.support.ts';

let runDir: string;
let supervisor: Supervisor;
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'hotseat-supervisor-'));
  supervisor = new Supervisor(runDir, process.env);
});
afterEach(async () => {
  await supervisor.stopAll();
  rmSync(runDir, { recursive: true, force: true });
});

const program = (name: string, script: string, more: Partial<Program> = {}): Program => ({
  name,
  command: '/bin/sh',
  args: ['-c', script],
  wave: 'services',
  drainSignal: 'SIGTERM',
  ready: async () => true,
  readyMs: 2_000,
  ...more,
});

describe('a program that ends', () => {
  it('is started again after 250 ms, then after twice as long each time', async () => {
    const waits: number[] = [];
    supervisor.on('restart', ({ waitedMs }) => waits.push(waitedMs));
    await supervisor.start(program('short', 'sleep 0.05'));
    await until('it was started four times again', () => waits.length === 4, 10_000);
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
  });

  it('takes its children with it, who would hold its port', async () => {
    const file = join(runDir, 'child');
    await supervisor.start(program('parent', `sleep 1000 & echo $! > ${file}; wait`));
    const child = await numberIn(file);
    supervisor.kill('parent');
    await until('the child is gone', () => processOf(child) === undefined, 2_000);
  });

  it('before it was ready fails the start, with the line of its log that says why', async () => {
    const dying = program('dying', 'echo "Error: no disk"; echo bye; exit 3', {
      ready: async () => false,
    });
    await expect(supervisor.start(dying)).rejects.toThrow(
      /dying ended at its start: Error: no disk/,
    );
    await sleep(400);
    expect(supervisor.pidOf('dying')).toBeUndefined();
  });
});

describe('a program that is never ready', () => {
  it('fails the start, in the words it has for what it lacks', async () => {
    const waiting = program('waiting', 'sleep 1000', {
      ready: async () => false,
      readyMs: 200,
      lacks: async () => 'no arbiter',
    });
    await expect(supervisor.start(waiting)).rejects.toThrow('not ready in 200 ms: no arbiter (');
  });
});

describe('a program that is halted', () => {
  it('stays down until it is revived, and is kept alive from then on', async () => {
    let restarts = 0;
    supervisor.on('restart', () => restarts++);
    await supervisor.start(program('kept down', 'sleep 1000'));
    await supervisor.halt('kept down');
    await sleep(500);
    expect([supervisor.pidOf('kept down'), restarts]).toEqual([undefined, 0]);
    supervisor.revive('kept down');
    expect(supervisor.pidOf('kept down')).toBeDefined();
    supervisor.kill('kept down');
    await until('it is started again', () => restarts === 2, 5_000);
  });

  it('is not revived by a supervisor that has stopped everything', async () => {
    await supervisor.start(program('gone', 'sleep 1000'));
    await supervisor.stopAll();
    supervisor.revive('gone');
    expect(supervisor.pidOf('gone')).toBeUndefined();
  });
});

describe('a stop', () => {
  it('reaches a program that is paused, and lets it finish', async () => {
    const polite = "trap 'echo done; exit 0' TERM; while :; do sleep 0.05; done";
    await supervisor.start(program('paused', polite));
    await sleep(100);
    supervisor.pause('paused');
    await supervisor.stop('paused');
    expect(readFileSync(logPath(runDir, 'paused'), 'utf8')).toContain('done');
  });

  it('kills a program that does not leave in time', async () => {
    const deaf = program('deaf', "trap '' TERM; while :; do sleep 0.05; done", { drainMaxMs: 300 });
    await supervisor.start(deaf);
    await sleep(100);
    const pid = supervisor.pidOf('deaf')!;
    await supervisor.stop('deaf');
    // its own child died with it, and is gone once init has taken note
    await until('it and its child are gone', () => alive([pid]).length === 0, 2_000);
  });

  it('goes wave by wave: the edge before the services, the arbiter last', async () => {
    const noting = (name: string) =>
      `trap 'echo ${name} >> ${runDir}/order; exit 0' TERM; while :; do sleep 0.02; done`;
    for (const [name, wave] of [
      ['arbiter', 'arbiter'],
      ['order', 'services'],
      ['edge', 'edge'],
      ['mariadb', 'servers'],
      ['rush', 'doors'],
    ] as const)
      await supervisor.start(program(name, noting(name), { wave }));
    await sleep(200);
    await supervisor.stopAll();
    expect(readFileSync(join(runDir, 'order'), 'utf8').trim().split('\n')).toEqual([
      ...['edge', 'rush', 'order', 'mariadb', 'arbiter'],
    ]);
  });

  it('is not undone by a restart that was due', async () => {
    let restarts = 0;
    supervisor.on('restart', () => restarts++);
    await supervisor.start(program('short', 'sleep 0.05'));
    await once(supervisor, 'exit');
    await supervisor.stop('short');
    await sleep(500);
    expect(restarts).toBe(0);
  });
});

describe('what an earlier run left behind', () => {
  it('is ended by its record, children too, even when its leader is gone', async () => {
    const leader = spawn('/bin/sh', ['-c', 'sleep 1000 & wait'], {
      detached: true,
      stdio: 'ignore',
    });
    recordPid(runDir, 'leader', leader.pid!);
    await sleep(100);
    leader.kill('SIGKILL');
    await once(leader, 'exit');
    expect(alive([leader.pid!])).toEqual([leader.pid]);
    expect(await endLeftovers(runDir)).toEqual(['leader']);
    expect(alive([leader.pid!])).toEqual([]);
  });

  it('does not include a process that was given a recorded pid later', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    recordPid(runDir, 'former', stranger.pid!);
    const file = join(runDir, 'pids/former.json');
    const record = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...record, mark: `${record.mark}0` }));
    expect(await endLeftovers(runDir)).toEqual([]);
    expect(alive([stranger.pid!])).toEqual([stranger.pid]);
    expect(existsSync(file)).toBe(false);
    stranger.kill('SIGKILL');
  });
});

describe('the lock of a run directory', () => {
  it('is refused while its holder lives, and given back', () => {
    const giveBack = takeLock(runDir);
    expect(holderOf(runDir)).toBe(process.pid);
    expect(() => takeLock(runDir)).toThrow(/already running.*npm stop/);
    giveBack();
    expect(holderOf(runDir)).toBeUndefined();
    takeLock(runDir)();
  });

  it('is taken over from a holder that is dead, or is another process by now', () => {
    const mark = processOf(process.pid)!.mark;
    for (const stale of [
      { pid: 2 ** 22 + 1, mark },
      { pid: process.ppid, mark },
    ]) {
      writeFileSync(join(runDir, 'lock'), JSON.stringify(stale));
      const giveBack = takeLock(runDir);
      expect(holderOf(runDir)).toBe(process.pid);
      giveBack();
    }
  });
});

describe('a log', () => {
  it('is cut in place when it has grown, the writer going on and the rest kept aside', async () => {
    await supervisor.start(program('talker', 'while :; do echo line; sleep 0.02; done'));
    const path = logPath(runDir, 'talker');
    writeFileSync(path, Buffer.alloc(21 * 1024 * 1024, 'x'), { flag: 'a' });
    trimLog(logPath(runDir, 'talker'));
    const cut = statSync(path).size;
    expect(cut).toBeLessThan(1_000);
    await until('it goes on', () => statSync(path).size > cut, 2_000);
    expect(statSync(`${path}.1`).size).toBeGreaterThan(21 * 1024 * 1024);
  });

  it('of JSON lines says in words why its program failed', () => {
    beginLog(runDir, 'json');
    const line = { level: 'fatal', msg: 'A bug ends this process.', err: { message: 'no lua' } };
    writeFileSync(logPath(runDir, 'json'), `${JSON.stringify(line)}\nbye\n`);
    expect(tellingLine(runDir, 'json')).toBe('A bug ends this process.: no lua');
  });
});

async function numberIn(path: string): Promise<number> {
  const read = () => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0);
  await until(`${path} is written`, () => read() > 0, 2_000);
  return read();
}
