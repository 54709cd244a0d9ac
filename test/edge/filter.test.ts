/** The filter over who reserved: whom it refuses, and everything that keeps it from refusing. */
import { Pool } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { plainHall } from '../lua/hall.ts';
import { Reservations, type Sale, stranger } from './reservations.ts';
import { expectRefusal, lineOf, newSession, Stage } from './stage.ts';

const HOUR = 3_600_000;
let stage: Stage;
let on: Reservations;
beforeAll(async () => {
  stage = await Stage.start({ env: { EDGE_IP_RATE: '1000000', EDGE_KEEP_MS: '5000' } });
  on = new Reservations(stage);
  await on.adopt();
});
afterAll(async () => {
  await on.end();
  await stage.end();
});
beforeEach(() => {
  stage.doors.seen.length = 0;
});

/** A sale whose reservations have ended: Ann reserved, and the edge knows it. */
async function loadedSale(): Promise<Sale> {
  const sale = await on.open();
  await on.reserve(sale, 'ann');
  await on.loaded(sale);
  // She reserved by a clock of the past, so the edge may have seen the sale without her.
  await expect.poll(() => on.passes(sale, 'ann')).toBe(true);
  stage.doors.seen.length = 0;
  return sale;
}
const lock = ({ id }: Sale, uid: string, more: Record<string, string> = {}) =>
  stage.lock(id, stage.buyer(id, more, uid));

describe('who did not reserve', () => {
  it('is refused a permit as Node would, and Node hears nothing of it', async () => {
    const sale = await loadedSale();
    const answer = await on.permit(sale, stranger(), { 'Accept-Language': 'en' });
    expectRefusal(answer, 403, 'NOT_RESERVED');
    expect(answer.json.detail).toMatch(/did not reserve/);
    expect(Object.keys(answer.json).sort()).toEqual(
      ['type', 'title', 'status', 'detail', 'code', 'instance', 'requestId'].sort(),
    );
    expect(stage.doors.seen).toEqual([]);
  });
  it('is refused a lock, with a permit that cannot be, repeated or not', async () => {
    const sale = await loadedSale();
    const uid = stranger();
    expectRefusal(await lock(sale, uid), 403, 'NOT_RESERVED');
    expectRefusal(await lock(sale, uid, { 'Idempotency-Key': 'k' }), 403, 'NOT_RESERVED');
    expect(stage.doors.seen).toEqual([]);
  });
  it('hears what is cheaper to find out first', async () => {
    const sale = await loadedSale();
    const path = `/api/v1/sessions/${sale.id}/permits`;
    expectRefusal(await stage.ask(path, { method: 'POST' }), 401, 'UNAUTHENTICATED');
    await on.arbiter.turn(sale.id, 'PAUSED');
    await expect.poll(async () => (await lock(sale, stranger())).json.code).toBe('SALE_PAUSED');
    expectRefusal(await on.permit(sale, stranger()), 403, 'NOT_RESERVED');
  });
  it('cannot reserve any more; who did is answered again', async () => {
    const sale = await loadedSale();
    const reserve = (uid: string) =>
      stage.ask(`/api/v1/sessions/${sale.id}/reservations`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${stage.token({ sub: uid })}` },
      });
    expectRefusal(await reserve(stranger()), 409, 'RESERVATION_CLOSED');
    expect(stage.doors.seen).toEqual([]);
    expect((await reserve('ann')).status).toBe(200);
  });
  it('may reserve while one can', async () => {
    const sale = await on.open({ reservationClosesAtMs: Date.now() + HOUR });
    await on.pulled();
    const headers = { Authorization: `Bearer ${stage.token({ sub: stranger() })}` };
    const path = `/api/v1/sessions/${sale.id}/reservations`;
    expect((await stage.ask(path, { method: 'POST', headers })).status).toBe(200);
  });
  it('may ask in another way: that is for Node', async () => {
    const sale = await loadedSale();
    const headers = { Authorization: `Bearer ${stage.token({ sub: stranger() })}` };
    expect((await stage.ask(`/api/v1/sessions/${sale.id}/permits`, { headers })).status).toBe(200);
  });
  it('hears from Node that a sale is over', async () => {
    const sale = await loadedSale();
    await on.arbiter.turn(sale.id, 'CLOSED');
    await expect.poll(() => on.passes(sale, stranger())).toBe(true);
  });
});

describe('who reserved', () => {
  it('passes, one of 20,000, while nearly every stranger is refused', async () => {
    const uids = Array.from({ length: 20_000 }, (_, i) => `u${i}`);
    const sale = await on.open();
    await on.arbiter.enrol(
      sale.id,
      uids.map((uid) => ({ uid, reservedAtMs: sale.lastMs })),
    );
    await on.loaded(sale);
    const pool = new Pool(stage.url, { connections: 16 });
    onTestFinished(() => pool.close());
    const passed = async (uid: string) => {
      const { statusCode, body } = await pool.request({
        path: `/api/v1/sessions/${sale.id}/permits`,
        method: 'POST',
        headers: { Authorization: `Bearer ${stage.token({ sub: uid })}` },
        body: '{}',
      });
      await body.dump();
      return statusCode === 200;
    };
    const passing = async (some: readonly string[]) => {
      let count = 0;
      for (let i = 0; i < some.length; i += 500) {
        const answers = await Promise.all(some.slice(i, i + 500).map(passed));
        count += answers.filter(Boolean).length;
      }
      return count;
    };
    expect(await passing(uids)).toBe(uids.length);
    // A fifth of what it was made for is in it: it lets hardly anybody pass who does not belong.
    expect(await passing(uids.slice(0, 5_000).map((uid) => `not-${uid}`))).toBeLessThan(50);
  }, 120_000);
  it('passes with a permit to lock seats', async () => {
    const sale = await loadedSale();
    expect((await lock(sale, 'ann')).status).toBe(200);
  });
});

describe('a filter that refuses nobody', () => {
  const expectOpen = async (sale: Sale) => {
    await on.pulled();
    expect(await on.passes(sale, stranger())).toBe(true);
    expect((await lock(sale, stranger())).status).toBe(200);
  };

  it('is one of a sale that takes reservations still', async () => {
    const sale = await on.open({ reservationClosesAtMs: Date.now() + HOUR });
    await on.reserve(sale, 'ann');
    await expectOpen(sale);
  });
  it('is fetched when the last moment has passed, and not before', async () => {
    const sale = await on.open({ reservationClosesAtMs: Date.now() + 4_000 });
    await expectOpen(sale);
    await on.arbiter.reserve(sale.id, 'ann');
    await on.loaded(sale);
    expect(Date.now()).toBeGreaterThan(sale.lastMs);
    expect(await on.passes(sale, 'ann')).toBe(true);
  });
  it('is one of a sale of which the edge believes that one may reserve still', async () => {
    const sale = await loadedSale();
    const [from, until] = [Date.now() - HOUR, Date.now() + HOUR];
    const line = ['OPEN', from, until, until, 0].join(' ');
    await on.redis.hset(on.keys.ofShard(0).flags, sale.id, line);
    await expectOpen(sale);
  });
  it('is none: the sale needs no reservation', async () => {
    await expectOpen(await on.open({ reservationRequired: false }));
  });
  it('is one whose bits were lost, also when somebody reserved since', async () => {
    const sale = await on.open({ reservationClosesAtMs: Date.now() + 4_000 });
    await on.arbiter.reserve(sale.id, 'ann');
    await on.redis.del(on.keys.ofSale(sale.id).bloom);
    const other = await on.open();
    await on.redis.del(on.keys.ofSale(other.id).bloom);
    await on.arbiter.reserve(sale.id, 'ben');
    await expect.poll(() => Date.now(), { timeout: 15_000 }).toBeGreaterThan(sale.lastMs);
    await expectOpen(sale);
    await expectOpen(other);
    const lost = stage.file('error.log').match(/is not loaded, and refuses nobody: .* lost/g);
    expect(lost).toHaveLength(2);
  });
  it.each([
    ['nonsense', true],
    ['1 BITS 7', true],
    ['1 999999999992 7 KEY', true],
    ['1 65 7 KEY', true],
    ['1 BITS 99 KEY', true],
    ['1 BITS 7 KEY', false],
  ])('is one whose line is no good: "%s" (%s)', async (form, passes) => {
    const fine = await loadedSale();
    const [, bits = '', , key = ''] = (await on.redis.hget(lines(), fine.id))!.split(' ');
    const id = newSession();
    await on.redis.hset(lines(), id, form.replace('BITS', bits).replace('KEY', key));
    await on.redis.hset(on.keys.ofShard(0).flags, id, lineOf());
    await on.pulled();
    expect(await on.passes({ ...fine, id }, stranger())).toBe(passes);
    expect(await on.passes(fine, stranger())).toBe(false);
  });
  const lines = () => on.keys.ofShard(0).filters;
});

describe('a filter that is loaded', () => {
  it('is loaded again when somebody was enrolled', async () => {
    const sale = await loadedSale();
    expect(await on.passes(sale, 'late')).toBe(false);
    await on.arbiter.enrol(sale.id, [{ uid: 'late', reservedAtMs: sale.lastMs }]);
    await expect.poll(() => on.passes(sale, 'late'), { timeout: 15_000 }).toBe(true);
    expect(await on.passes(sale, 'ann')).toBe(true);
    expect(await on.passes(sale, stranger())).toBe(false);
  });
  it('is empty and refuses everybody when nobody reserved', async () => {
    const sale = await on.open();
    await on.loaded(sale);
    expect(await on.passes(sale, 'ann')).toBe(false);
  });
  it('outlives a reload, and the death of every worker', async () => {
    const sale = await loadedSale();
    await stage.reload();
    expect(await on.passes(sale, stranger())).toBe(false);
    for (const pid of stage.workers()) process.kill(pid, 'SIGKILL');
    await on.loaded(sale);
    await on.arbiter.enrol(sale.id, [{ uid: 'late', reservedAtMs: sale.lastMs }]);
    await expect.poll(() => on.passes(sale, 'late'), { timeout: 15_000 }).toBe(true);
    expect(await on.passes(sale, 'ann')).toBe(true);
  });
});

describe('a memory for filters that is full', () => {
  it('keeps those that are in it, and lets pass whom it cannot ask', async () => {
    const small = await Stage.start({ env: { EDGE_FILTERS_MB: '1' } });
    onTestFinished(() => small.end());
    const there = new Reservations(small);
    onTestFinished(() => there.end());
    await there.adopt();
    const hall = plainHall(25_000); // 600 KB
    const first = await there.open({}, newSession(), hall);
    await there.loaded(first);
    const second = await there.open({}, newSession(), hall);
    await expect.poll(() => small.file('error.log'), { timeout: 15_000 }).toMatch(/no memory/);
    await there.pulled();
    expect(await there.passes(second, stranger())).toBe(true);
    expect(await there.passes(first, stranger())).toBe(false);
    expect(small.file('error.log').match(/no memory/g)).toHaveLength(1);
  }, 30_000);
});
