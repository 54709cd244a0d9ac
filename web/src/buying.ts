/**
 * What a buyer does in one session: reserve, get a permit, choose, lock; and what the page knows
 * when somebody was faster. The server decides everything; here it is only asked.
 */
import { ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import { type Alternative, api, Refused, refusedOf, type Session, type Wish } from './api.ts';
import { useChosen } from './chosen.ts';
import type { HallView, Place } from './hall.ts';
import { useStanding } from './standing.ts';
import { useAccount } from './stores/account.ts';
import { useOrders } from './stores/orders.ts';

export interface Conflict {
  readonly lost: readonly Place[];
  readonly left: readonly Place[];
  readonly alternatives: readonly (Alternative & { readonly places: readonly Place[] })[];
}

/** A name for one request: whoever sends it twice is answered once. */
const freshKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

export function useBuying(session: Session, hall: HallView) {
  const { t } = useI18n();
  const router = useRouter();
  const account = useAccount();
  const orders = useOrders();
  const { standing, permit, problem, busy, askPermit, reserve } = useStanding(session.id);
  const conflict = ref<Conflict>();

  const choice = useChosen(session, hall, busy);
  const { chosen } = choice;
  const placesOf = (seats: readonly number[]) =>
    seats.flatMap((seat) => hall.places.value.get(seat) ?? []);

  function toggle(seat: number): void {
    conflict.value = undefined;
    problem.value = '';
    choice.toggle(seat);
  }

  /** Locks what is wished; the order's page is next. @throws Refused */
  async function lock(wish: Wish): Promise<void> {
    if (!permit.value) await askPermit();
    const { orderId, adjacent } = await api.lock(session.id, permit.value, wish, freshKey());
    chosen.value = [];
    conflict.value = undefined;
    // The row may be a moment behind the lock: the page asks again by itself.
    await orders.refreshOne(orderId).catch(refusedOf);
    await router.push({
      name: 'order',
      params: { id: orderId },
      ...(!adjacent && { query: { apart: '1' } }),
    });
  }
  /** One attempt at a time; a "no" becomes help where there is some. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    problem.value = '';
    try {
      await work();
    } catch (error) {
      const refused = refusedOf(error);
      if (refused.word === 'SEAT_TAKEN') help(refused);
      else problem.value = refused.message;
      if (refused.word === 'UNAUTHENTICATED') account.signOut();
      if (refused.word === 'PERMIT_INVALID') permit.value = '';
    } finally {
      busy.value = false;
      choice.lose();
    }
  }
  function help({ data }: Refused): void {
    const { lost, stillAvailable, alternatives } = data as {
      lost: number[];
      stillAvailable: number[];
      alternatives: Alternative[];
    };
    const gone = new Set(lost);
    chosen.value = chosen.value.map((one) =>
      gone.has(one.place.seat) ? { ...one, lost: true } : one,
    );
    conflict.value = {
      lost: placesOf(lost),
      left: placesOf(stillAvailable),
      alternatives: alternatives.map((one) => ({ ...one, places: placesOf(one.seats) })),
    };
  }
  const lockSeats = (seats: readonly number[]) => attempt(() => lock({ seats }));
  /** The best seats of the first of these prices that has enough. */
  const lockBest = (count: number, tiers: readonly string[]) =>
    attempt(async () => {
      for (const tier of tiers)
        try {
          return await lock({ best: { count, tier } });
        } catch (error) {
          if (refusedOf(error).word !== 'SOLD_OUT') throw error;
        }
      throw new Refused('SOLD_OUT', 409, t('sale.bestNone'));
    });
  return {
    ...choice,
    standing,
    conflict,
    problem,
    busy,
    reserve,
    toggle,
    lockSeats,
    lockBest,
    dismiss: () => {
      conflict.value = undefined;
      choice.forget();
    },
  };
}
export type Buying = ReturnType<typeof useBuying>;
