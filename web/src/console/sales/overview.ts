/** What a list of sessions says beside their terms: the show of each, and how its sale stands. */
import { shallowReactive, watch } from 'vue';
import type { SaleAnswer } from '../../../../contracts/sale-view.ts';
import { api, refusedOf, type Show } from '../../api.ts';
import { consoleApi, type ManagedSession } from '../api.ts';
import { usePaging } from '../asking.ts';

export function useOverview() {
  const sessions = usePaging<ManagedSession>(consoleApi.sessions);
  const shows = shallowReactive(new Map<string, Show>());
  const sales = shallowReactive(new Map<string, SaleAnswer>());

  /** What cannot be had is left out: the list says the rest. */
  async function keep<Answer>(into: Map<string, Answer>, id: string, ask: () => Promise<Answer>) {
    try {
      into.set(id, await ask());
    } catch (error) {
      refusedOf(error);
    }
  }
  watch(sessions.items, (items) => {
    const unknown = new Set(items.map(({ showId }) => showId).filter((id) => !shows.has(id)));
    for (const id of unknown) void keep(shows, id, () => api.show(id));
    for (const { id, stage } of items)
      if (stage === 'PUBLISHED') void keep(sales, id, () => api.sale(id));
  });
  const leftOf = (id: string): number | undefined => {
    const left = sales.get(id)?.left;
    return left && Object.values(left).reduce((sum, seats) => sum + seats, 0);
  };
  return { sessions, shows, sales, leftOf };
}
