/**
 * The stream of one hall, kept open while somebody looks: opened again when a browser gave up or
 * nothing was heard for too long, closed while the page is hidden (a browser has six at most).
 */
import { onUnmounted } from 'vue';
import { api } from './api.ts';

export interface FeedHearer {
  /** It is open: what was missed comes, or `reset`. */
  opened(): void;
  /** It is down; moves may happen that nobody tells. */
  lost(): void;
  seats(data: string): unknown;
  reset(): unknown;
  time(data: string): void;
}

const COME_BACK_MS = 3_000;
const LOOK_MS = 5_000;
/** Something is heard every 15 s; a stream that is silent for longer is dead. */
const SILENT_MS = 40_000;

/** @returns opens it; it ends with the component */
export function useFeed(sessionId: string, hearer: FeedHearer): () => void {
  let stream: EventSource | undefined;
  let heardMs = 0;
  let ended = false;

  function open(): void {
    if (ended || document.visibilityState === 'hidden') return;
    stream?.close();
    heardMs = performance.now();
    const mine = new EventSource(api.streamUrl(sessionId));
    stream = mine;
    const on = (event: 'seats' | 'reset' | 'time') =>
      mine.addEventListener(event, ({ data }) => {
        heardMs = performance.now();
        hearer[event](data);
      });
    mine.addEventListener('open', hearer.opened);
    on('seats');
    on('reset');
    on('time');
    mine.addEventListener('error', () => {
      hearer.lost();
      // A browser gives up for good when it is refused.
      if (mine.readyState === EventSource.CLOSED && stream === mine) setTimeout(open, COME_BACK_MS);
    });
  }
  const looking = setInterval(() => {
    const isSilent = performance.now() - heardMs > SILENT_MS;
    if (stream?.readyState === EventSource.OPEN && isSilent) open();
  }, LOOK_MS);
  const onVisible = () => {
    if (document.visibilityState === 'visible') return open();
    stream?.close();
    hearer.lost();
  };
  document.addEventListener('visibilitychange', onVisible);
  onUnmounted(() => {
    ended = true;
    clearInterval(looking);
    document.removeEventListener('visibilitychange', onVisible);
    stream?.close();
  });
  return open;
}
