/** Seed §7.3: what fails stays where it fails. */
import { describe, expect, it } from 'vitest';
import { comeToBuy, openSession, signIn, until, Visitor } from '../flow/visitor.ts';
import { PATIENCE_MS, useFailing } from './failing.ts';

const failing = useFailing();

const openSale = () => openSession(failing().hall, { lockMs: 60_000, reservationRequired: true });

/** Reserves, locks, pays and owns a seat. */
async function buy(sale: string, seat: number): Promise<void> {
  const { stack, seatBecomes } = failing();
  const buyer = await comeToBuy(stack.url, sale);
  const { orderId } = await buyer.made(
    `/sessions/${sale}/locks`,
    { seats: [seat] },
    {
      'x-permit': buyer.permit,
    },
  );
  await failing().verdictIs(orderId, 'ORDERED');
  await buyer.pay(orderId);
  await seatBecomes(sale, seat, '2');
}

describe('§7.3 the failure of one part', () => {
  it('the catalogue: a seat is bought from reservation to SOLD without it', async () => {
    const { takeAway, bringBack, stack } = failing();
    const sale = await openSale();
    await takeAway('catalogue-1');
    await buy(sale, 0);
    expect((await new Visitor(stack.url).get('/shows')).status).toBe(503);
    await bringBack('catalogue-1');
  });

  it('the cache: nothing of a sale notices', async () => {
    const { takeAway, bringBack } = failing();
    const sale = await openSale();
    await takeAway('cache');
    await buy(sale, 1);
    await bringBack('cache');
  });

  it('notification: nothing but its own readers notices', async () => {
    const { takeAway, bringBack } = failing();
    const sale = await openSale();
    await takeAway('live-1');
    await buy(sale, 2);
    await bringBack('live-1');
  });

  it('all three at once: a seat is still bought', async () => {
    const { takeAway, bringBack } = failing();
    const sale = await openSale();
    const names = ['catalogue-1', 'cache', 'live-1'];
    await takeAway(...names);
    await buy(sale, 3);
    await bringBack(...names);
  });

  it('the sale: the catalogue is read and managed without it', async () => {
    const { takeAway, bringBack, stack, hall } = failing();
    const names = ['rush-1', 'rush-2', 'order-1', 'order-2', 'arbiter'];
    await takeAway(...names);
    expect((await new Visitor(stack.url).get('/shows')).status).toBe(200);
    const show = await hall.organiser.made('/admin/shows', { title: 'Calm', category: 'play' });
    expect((await hall.organiser.get(`/admin/shows/${show.id}`)).status).toBe(200);
    await bringBack(...names);
    const sale = await openSale();
    await buy(sale, 4);
  });

  it('the payment provider: deadlines go on, and money that comes late goes back', async () => {
    const { takeAway, bringBack, stack, seatBecomes, rows } = failing();
    const sale = await openSession(failing().hall, { lockMs: 5_000, reservationRequired: false });
    const buyer = await comeToBuy(stack.url, sale);
    const { orderId } = await buyer.made(
      `/sessions/${sale}/locks`,
      { seats: [5] },
      {
        'x-permit': buyer.permit,
      },
    );
    await failing().verdictIs(orderId, 'ORDERED');
    const { paymentId } = await buyer.made(`/orders/${orderId}/payments`);
    await takeAway('sandbox-1');
    await seatBecomes(sale, 5, '0');
    await bringBack('sandbox-1');
    await (await signIn(stack.url)).made(`/sandbox/payments/${paymentId}/succeed`);
    const refunds = () => rows('SELECT state FROM refunds WHERE orderId = ?', orderId);
    await until(
      'given back once',
      PATIENCE_MS,
      refunds,
      (found) => found.length === 1 && found[0]!.state === 'REFUNDED',
    );
  });
});
