/**
 * The buyer's own orders: read from the server, again when the stream of own orders hints at a
 * change, and every few seconds while one of them waits for its money and no stream is open.
 */
import { defineStore } from 'pinia';
import { computed, ref, watch } from 'vue';
import type { OrderView } from '../../../contracts/order-view.ts';
import { api, Refused } from '../api.ts';
import { joinFeed } from '../feed.ts';
import { useAccount } from './account.ts';

const POLL_MS = 4_000;
const WAITING: ReadonlySet<string> = new Set(['INIT', 'LOCKED', 'PAYING']);
export const isWaiting = (order: Pick<OrderView, 'state'>): boolean => WAITING.has(order.state);
const ALIVE: ReadonlySet<string> = new Set([...WAITING, 'PAID']);

export const useOrders = defineStore('orders', () => {
  const account = useAccount();
  const byId = ref(new Map<string, OrderView>());
  const read = ref(false);
  const problem = ref('');
  let leave: (() => void) | undefined;

  const all = computed(() =>
    [...byId.value.values()].sort(
      (a, b) => Number(isWaiting(b)) - Number(isWaiting(a)) || b.deadline.localeCompare(a.deadline),
    ),
  );
  const unpaid = computed(() => all.value.filter(isWaiting));
  /** How many seats the buyer has of a session, locked or bought. */
  const heldOf = (sessionId: string): number =>
    all.value
      .filter((order) => order.sessionId === sessionId && ALIVE.has(order.state))
      .reduce((sum, { seats }) => sum + seats.length, 0);

  const put = (order: OrderView) => {
    byId.value.set(order.orderId, order);
  };
  async function refresh(): Promise<void> {
    if (!account.uid) return;
    try {
      const { items } = await api.orders();
      items.forEach(put);
      problem.value = '';
      read.value = true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem.value = error.message;
      if (error.word === 'UNAUTHENTICATED') account.signOut();
    }
  }
  /** @throws Refused */
  async function refreshOne(orderId: string): Promise<void> {
    put(await api.order(orderId));
  }

  /** Each stream needs a ticket of its own. */
  const connect = async () => {
    const { ticket } = await api.streamTicket();
    return new EventSource(api.ownStreamUrl(ticket));
  };
  const listen = (uid: string) =>
    joinFeed(
      { name: `hotseat.own.${uid}`, connect, events: ['order', 'time'], once: true },
      {
        open: () => void refresh(),
        lost: () => undefined,
        unsure: () => undefined,
        event(name, data) {
          if (name !== 'order') return;
          // The hint may be faster than the row: the list is read again a moment later.
          void refreshOne(JSON.parse(data).orderId).catch(() => refresh());
          setTimeout(() => void refresh(), 1_000);
        },
      },
    );

  setInterval(() => {
    if (unpaid.value.length > 0 && document.visibilityState === 'visible') void refresh();
  }, POLL_MS);
  watch(
    () => account.uid,
    (uid) => {
      byId.value = new Map();
      read.value = false;
      leave?.();
      leave = uid ? listen(uid) : undefined;
      if (uid) void refresh();
    },
    { immediate: true },
  );

  return { all, unpaid, read, problem, heldOf, put, refresh, refreshOne };
});
