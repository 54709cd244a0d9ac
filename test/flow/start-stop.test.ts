/**
 * `npm start` and its end: what a human sees, what comes back by itself, what is left behind.
 */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answersOk } from '../../bin/supervisor/health.ts';
import { PROCESSES, SERVERS } from '../../config/processes.ts';
import { alive, freshPlace, type Place, type Run, until } from './start-stop.support.ts';

const GiB = 1024;
const READY = /ready after/;

describe('a system that runs', () => {
  let place: Place;
  let run: Run;
  const readyz = () => answersOk(`http://127.0.0.1:${place.env.EDGE_PORT}/readyz`);

  beforeAll(async () => {
    place = await freshPlace();
    run = place.run();
    await run.says(READY, 90_000);
  });
  afterAll(() => place.clear());

  it('has every process and server, the edge in front of them ready', async () => {
    const instances = PROCESSES.reduce((sum, row) => sum + row.instances, 0);
    expect(place.pids().size).toBe(instances + SERVERS.length + 1);
    expect(await readyz()).toBe(true);
  });

  it('takes less than 4 GiB of resident memory in all, and says how much', () => {
    const said = /resident +(\d+) MiB in all/.exec(run.said);
    expect(Number(said?.[1])).toBeGreaterThan(100);
    expect(Number(said?.[1])).toBeLessThan(4 * GiB);
  });

  it('keeps its secrets from other users of the machine', () => {
    for (const file of ['secrets.json', 'env.json'])
      expect(statSync(join(place.runDir, file)).mode & 0o077, file).toBe(0);
  });

  it.each(['rush-1', 'order-2', 'nats', 'edge'])(
    'starts %s again within a second of its kill -9, and the whole is ready again',
    async (name) => {
      const before = place.pids().get(name)!;
      const heard = run.said.length;
      process.kill(before, 'SIGKILL');
      const said = (pattern: RegExp) => () => pattern.test(run.said.slice(heard));
      const again = new RegExp(`${name} started again after (\\d+) ms`);
      await until(`${name} is started again`, said(again), 5_000);
      expect(Number(again.exec(run.said.slice(heard))?.[1])).toBeLessThan(1_000);
      await until(`${name} is ready`, said(new RegExp(`${name} is ready again`)), 20_000);
      await until('the edge is ready', readyz, 20_000);
      expect(place.pids().get(name)).not.toBe(before);
    },
  );

  it('answers a second start with one line that names the holder and what to do', async () => {
    const second = place.run();
    expect(await second.end()).toBe(1);
    expect(second.said.trim().split('\n')).toHaveLength(1);
    expect(second.said).toContain(`(pid ${run.child.pid})`);
    expect(second.said).toContain('npm stop');
  });

  it('ends at a stop (a SIGTERM) with exit code 0, leaving no process and no lock', async () => {
    const pids = [...place.pids().values()];
    expect(alive(pids)).toHaveLength(pids.length);
    const stop = place.stop();
    expect(await run.end()).toBe(0);
    expect(run.said).toContain('SIGTERM: stopping everything');
    expect(await stop.end()).toBe(0);
    expect(alive(pids)).toEqual([]);
    expect(existsSync(join(place.runDir, 'lock'))).toBe(false);
    expect(existsSync(join(place.runDir, 'env.json'))).toBe(false);
  });

  it('killed -9, leaves what the next start ends before it begins', async () => {
    const first = place.run();
    await first.says(READY);
    const orphans = [...place.pids().values()];
    first.child.kill('SIGKILL');
    await first.end();
    expect(alive(orphans)).toHaveLength(orphans.length);
    const second = place.run();
    await second.says(READY);
    expect(second.said).toContain('ended what an earlier run left: ');
    expect(alive(orphans)).toEqual([]);
    second.child.kill('SIGKILL');
    await second.end();
  });

  it('killed -9, leaves what a stop ends; another stop finds nothing', async () => {
    const orphans = [...place.pids().values()];
    expect(alive(orphans)).toHaveLength(orphans.length);
    const stop = place.stop();
    expect(await stop.end()).toBe(0);
    expect(stop.said).toContain('no supervisor; ended what it left: ');
    expect(alive(orphans)).toEqual([]);
    const again = place.stop();
    expect(await again.end()).toBe(0);
    expect(again.said).toContain('nothing runs on');
  });
});

describe('a system that cannot start', () => {
  let place: Place;
  beforeEach(async () => {
    place = await freshPlace();
  });
  afterEach(() => place.clear());

  /** Everything it said that is not a step's own line. */
  const complaint = (run: Run) =>
    run.said.split('\n').filter((line) => line.trim() !== '' && !/^ {2}[✓✗]|stopp/.test(line));

  it('says in one line whose port is taken and which setting moves it', async () => {
    const port = place.portBase + PROCESSES[0]!.port;
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    try {
      const run = place.run();
      expect(await run.end()).toBe(1);
      expect(complaint(run)).toEqual([
        expect.stringMatching(`port ${port} is taken, and rush-1.* PORT_BASE`),
      ]);
    } finally {
      squatter.close();
    }
  });

  it('says in one line which setting is wrong, and what it must be', async () => {
    const run = place.run({ EDGE_PORT: 'eighty' });
    expect(await run.end()).toBe(1);
    expect(complaint(run)).toEqual([expect.stringMatching(/EDGE_PORT: .* from 1 to 65535/)]);
  });

  it('says in one line which secrets production lacks, and makes none up', async () => {
    const run = place.run({ MODE: 'production' });
    expect(await run.end()).toBe(1);
    expect(complaint(run)).toEqual([expect.stringContaining('JWT_KEYS')]);
    expect(existsSync(join(place.runDir, 'secrets.json'))).toBe(false);
  });

  it('says in one line which server of ours does not answer', async () => {
    const run = place.run({ NATS_URL: 'nats://127.0.0.1:1' });
    expect(await run.end()).toBe(1);
    expect(complaint(run)).toEqual([expect.stringContaining('NATS_URL')]);
    expect(place.pids().size).toBe(0);
  });

  it('says in one line which server died at its start, why, and where its log is', async () => {
    const data = join(place.runDir, 'data/mariadb');
    mkdirSync(join(data, 'mysql'), { recursive: true });
    writeFileSync(join(data, 'ibdata1'), 'not a tablespace');
    const run = place.run();
    expect(await run.end()).toBe(1);
    expect(complaint(run)).toEqual([
      expect.stringMatching(/mariadb ended at its start: .+ \(.+mariadb\.log\)$/),
    ]);
    expect(place.pids().size).toBe(0);
  });

  it('asked to start afresh, forgets its own data and no other file', async () => {
    for (const file of ['data/old', 'secrets.json', 'notes']) {
      mkdirSync(join(place.runDir, 'data'), { recursive: true });
      writeFileSync(join(place.runDir, file), '{}');
    }
    const run = place.run({ NATS_URL: 'nats://127.0.0.1:1' }, '--fresh');
    expect(await run.end()).toBe(1);
    expect(existsSync(join(place.runDir, 'data/old'))).toBe(false);
    expect(statSync(join(place.runDir, 'secrets.json')).size).toBeGreaterThan(100);
    expect(existsSync(join(place.runDir, 'notes'))).toBe(true);
  });

  it('says in one line which option it does not know', async () => {
    const run = place.run({}, '--frehs');
    expect(await run.end()).toBe(1);
    expect(complaint(run)).toEqual([expect.stringContaining('--fresh')]);
  });
});
