/**
 * Asking for what a page shows: whether the answer is there, on its way or refused, and asking
 * again. Of two questions asked one after the other only the later one's answer is kept.
 */
import { computed, onUnmounted, type Ref, ref, shallowRef } from 'vue';
import { type Refused, refusedOf } from '../api.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** What passes by itself: then the same is asked again after a while. */
const WEATHER = new Set(['BUSY', 'ARBITER_AWAY', 'UNREACHABLE']);
const AGAIN_MS = 3_000;
export const isWeather = ({ word }: Refused): boolean => WEATHER.has(word);

/** Keeps what was asked last apart from what was asked before. */
function useTurns() {
  const busy = ref(false);
  const problem = shallowRef<Refused>();
  let turn = 0;
  onUnmounted(() => {
    turn++;
  });
  async function run<Answer>(ask: () => Promise<Answer>, keep: (answer: Answer) => void) {
    const mine = ++turn;
    busy.value = true;
    try {
      const answer = await ask();
      if (mine !== turn) return;
      keep(answer);
      problem.value = undefined;
    } catch (error) {
      const refused = refusedOf(error);
      if (mine !== turn) return;
      problem.value = refused;
      if (isWeather(refused))
        setTimeout(() => {
          if (mine === turn) void run(ask, keep);
        }, AGAIN_MS);
    } finally {
      if (mine === turn) busy.value = false;
    }
  }
  return { busy, problem, run };
}

export interface Asking<Answer> {
  readonly answer: Readonly<Ref<Answer | undefined>>;
  readonly problem: Readonly<Ref<Refused | undefined>>;
  readonly busy: Readonly<Ref<boolean>>;
  /** Asks again; what was answered stays until the new answer is here. */
  readonly ask: () => Promise<void>;
}

/** Asks at once, unless `later`. */
export function useAsking<Answer>(
  question: () => Promise<Answer>,
  { later = false } = {},
): Asking<Answer> {
  const answer = shallowRef<Answer>();
  const { busy, problem, run } = useTurns();
  const ask = () =>
    run(question, (answered) => {
      answer.value = answered;
    });
  if (!later) void ask();
  return { answer, problem, busy, ask };
}

export interface Paging<Item> {
  readonly items: Readonly<Ref<readonly Item[]>>;
  readonly problem: Readonly<Ref<Refused | undefined>>;
  readonly busy: Readonly<Ref<boolean>>;
  /** There is another page. */
  readonly more: Readonly<Ref<boolean>>;
  /** Nothing was found, and the question is not still on its way. */
  readonly none: Readonly<Ref<boolean>>;
  /** From the beginning. */
  readonly ask: () => Promise<void>;
  readonly askMore: () => Promise<void>;
}

/** A list that is read page by page. */
export function usePaging<Item>(
  question: (cursor?: string) => Promise<Page<Item>>,
  { later = false } = {},
): Paging<Item> {
  const items = shallowRef<readonly Item[]>([]);
  const cursor = ref<string | null>(null);
  const asked = ref(false);
  const { busy, problem, run } = useTurns();
  const ask = () =>
    run(question, (page) => {
      items.value = page.items;
      cursor.value = page.nextCursor;
      asked.value = true;
    });
  const askMore = () =>
    run(
      () => question(cursor.value ?? undefined),
      (page) => {
        items.value = [...items.value, ...page.items];
        cursor.value = page.nextCursor;
      },
    );
  if (!later) void ask();
  return {
    items,
    problem,
    busy,
    more: computed(() => cursor.value !== null),
    none: computed(() => asked.value && !busy.value && items.value.length === 0),
    ask,
    askMore,
  };
}
