/** How often one may ask, on both sides of each limit, and who is not meant by it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Answer, expectRefusal, lineOf, newSession, Stage } from './stage.ts';

const BURST = 50;
/** Slow enough that no second brings another one, whatever the machine is doing. */
const EDGE_RATE = { EDGE_IP_RATE: '1', EDGE_IP_BURST: String(BURST) };

let stage: Stage;
let sale: string;
beforeEach(() => {
  sale = newSession();
});

const times = (count: number, ask: (i: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => ask(i)));
const passed = (answers: readonly Answer[]) =>
  answers.filter(({ status }) => status !== 429).length;

/** A stage whose limits no test before has used up. */
const fresh = async (env: Record<string, string>) => {
  const one = await Stage.start({ env });
  onTestFinished(() => one.end());
  return one;
};

describe('the limit of an address', () => {
  it('lets its burst pass and refuses the rest, saying when to come again', async () => {
    stage = await fresh(EDGE_RATE);
    const answers = await times(BURST + 30, () => stage.ask('/api/v1/time'));
    expect(passed(answers)).toBeGreaterThanOrEqual(BURST + 1);
    expect(passed(answers)).toBeLessThan(BURST + 20);
    const refused = answers.find(({ status }) => status === 429)!;
    expectRefusal(refused, 429, 'RATE_LIMITED');
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'ratelimit-policy': '"address";q=1;w=1',
      ratelimit: '"address";r=0;t=1',
    });
    expect(stage.doors.seen).toHaveLength(passed(answers));
  });
  it('is that of the kept catalogue too, which no gate of ours guards', async () => {
    stage = await fresh(EDGE_RATE);
    const answers = await times(BURST + 30, () => stage.ask('/api/v1/shows'));
    expect(passed(answers)).toBeGreaterThanOrEqual(BURST + 1);
    expect(passed(answers)).toBeLessThan(BURST + 20);
    const refused = answers.find(({ status }) => status === 429)!;
    expectRefusal(refused, 429, 'RATE_LIMITED');
    expect(refused.headers.ratelimit).toBe('"address";r=0;t=1');
  });
  it('counts who guesses at tokens and permits: a refused guess is no free guess', async () => {
    stage = await fresh(EDGE_RATE);
    const guesses = await times(BURST + 30, (i) =>
      stage.lock(sale, { Authorization: `Bearer ${stage.token({}, {}, `wrong-${i}`)}` }),
    );
    expect(new Set(guesses.map(({ json }) => json.code))).toEqual(
      new Set(['UNAUTHENTICATED', 'RATE_LIMITED']),
    );
    expect(stage.doors.seen).toEqual([]);
  });
  it('leaves those who show a token, and the provider, a share of their own', async () => {
    stage = await fresh(EDGE_RATE);
    await times(BURST + 30, () => stage.ask('/api/v1/time'));
    expectRefusal(await stage.ask('/api/v1/time'), 429, 'RATE_LIMITED');
    const headers = { Authorization: `Bearer ${stage.token()}` };
    expect((await stage.ask('/api/v1/orders', { headers })).status).toBe(200);
    const event = await stage.ask('/api/v1/payments/events', { method: 'POST', body: '{}' });
    expect(event.status).toBe(200);
    await times(BURST + 30, () => stage.ask('/api/v1/orders', { headers }));
    expectRefusal(await stage.ask('/api/v1/orders', { headers }), 429, 'RATE_LIMITED');
  });
  it('is not for those who show a permit: a hall full of them is behind one address', async () => {
    stage = await fresh(EDGE_RATE);
    await times(BURST + 30, () => stage.ask('/api/v1/time'));
    await times(BURST + 30, () => stage.lock(sale));
    stage.doors.seen.length = 0;
    const hall = await times(4 * BURST, (i) => stage.lock(sale, stage.buyer(sale, {}, `b${i}`)));
    expect(hall.map(({ status }) => status)).toEqual(hall.map(() => 200));
    expect(stage.doors.seen).toHaveLength(hall.length);
  });
  it.each(['/healthz', '/readyz', '/api/v1/dev/token'])('is not for %s', async (path) => {
    stage = await fresh(EDGE_RATE);
    expect(passed(await times(2 * BURST, () => stage.ask(path)))).toBe(2 * BURST);
  });
  it('is refilled by time', async () => {
    stage = await fresh({ EDGE_IP_RATE: '20', EDGE_IP_BURST: '1' });
    await times(5, () => stage.ask('/api/v1/time'));
    await vi.waitFor(async () => expect((await stage.ask('/api/v1/time')).status).toBe(200), 3_000);
  });
});

describe('the limit of a uid on /locks', () => {
  beforeAll(async () => {
    stage = await Stage.start({ env: { EDGE_UID_RATE: '1', EDGE_UID_BURST: '5' } });
  });
  afterAll(() => stage.end());

  it('lets its burst pass and refuses the rest, of that uid alone', async () => {
    const ask = (uid: string) => stage.lock(sale, stage.buyer(sale, {}, uid));
    const answers = await times(20, () => ask('greedy'));
    expect(passed(answers)).toBeGreaterThanOrEqual(6);
    expect(passed(answers)).toBeLessThan(15);
    const refused = answers.find(({ status }) => status === 429)!;
    expectRefusal(refused, 429, 'RATE_LIMITED');
    expect(refused.headers).toMatchObject({
      'ratelimit-policy': '"uid";q=1;w=1',
      ratelimit: '"uid";r=0;t=1',
    });
    expect((await ask('modest')).status).toBe(200);
  });
  it('is one over all sessions', async () => {
    const answers = await times(20, () => {
      const session = newSession();
      return stage.lock(session, stage.buyer(session, {}, 'wanderer'));
    });
    expect(passed(answers)).toBeLessThan(15);
  });
  it('comes after the sold-out flag, and before the window of the sale', async () => {
    await stage.flag(sale, lineOf({ opensAtMs: Date.now() + 60_000 }));
    const words = await times(20, () => stage.lock(sale, stage.buyer(sale, {}, 'early')));
    expect(new Set(words.map(({ json }) => json.code))).toEqual(
      new Set(['SALE_NOT_OPEN', 'RATE_LIMITED']),
    );
    await stage.flag(sale, lineOf({ soldOut: 1 }));
    expectRefusal(await stage.lock(sale, stage.buyer(sale, {}, 'early')), 409, 'SOLD_OUT');
  });
});

describe('a flood and a hall behind one address', () => {
  it('every legal buyer gets through', async () => {
    stage = await fresh({ EDGE_IP_RATE: '10', EDGE_IP_BURST: '20' });
    const flood = Promise.all([
      times(200, () => stage.ask('/api/v1/time')),
      times(200, () => stage.lock(sale)),
      times(200, (i) =>
        stage.lock(sale, { Authorization: `Bearer ${stage.token({ sub: `f${i}` })}` }),
      ),
      times(200, (i) => stage.lock(sale, stage.buyer(newSession(), {}, `g${i}`))),
    ]);
    const buyers = await times(150, (i) => stage.lock(sale, stage.buyer(sale, {}, `b${i}`)));
    expect(buyers.map(({ status }) => status)).toEqual(buyers.map(() => 200));
    const refused = (await flood).flat().filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(700);
  });
});

describe('requests and streams that stay open', () => {
  it('are so many of one address, and one that ends makes room', async () => {
    stage = await fresh({ EDGE_IP_OPEN: '10' });
    const waiting: (() => void)[] = [];
    stage.doors.behave = (_req, res) => void waiting.push(() => res.end('{}'));
    const slow = times(10, () => stage.ask('/api/v1/time'));
    await vi.waitFor(() => expect(waiting).toHaveLength(10), 5_000);
    const refused = await stage.ask('/api/v1/time');
    expectRefusal(refused, 429, 'RATE_LIMITED');
    expect(refused.headers).not.toHaveProperty('ratelimit');
    for (const end of waiting) end();
    expect((await slow).map(({ status }) => status)).toEqual(Array(10).fill(200));
    stage.doors.behave = (_req, res) => void res.end('{}');
    expect((await stage.ask('/api/v1/time')).status).toBe(200);
  });
});
