/**
 * A stream that all tabs of this browser share: a browser has six connections to a server at most.
 * The tab that leads holds the stream and hands on what it hears; each tab that is seen hears it.
 * Who is hidden neither leads nor hears, so that with the last one seen the stream is closed.
 *
 * Always true: between two streams, and before the first thing a tab hears, it was told `unsure`.
 * Whoever was unsure reads again once the stream is `open`; so nothing is missed.
 */
import { refusedOf } from './api.ts';
import { canShare, seekLead } from './leader.ts';

export interface Source {
  /** The same in each tab that wants the same stream. */
  readonly name: string;
  /** @throws Refused */
  connect(): Promise<EventSource> | EventSource;
  readonly events: readonly string[];
  /** Each stream needs a ticket of its own: the browser must not open it again by itself. */
  readonly once?: boolean;
}
export interface Hearer {
  /** It is open: what happens from now on is heard. */
  open(): void;
  /** It is down; things may happen that nobody tells. */
  lost(): void;
  /** It is handed over: things may have happened that nobody told. */
  unsure(): void;
  event(name: string, data: string): void;
}

/** What tabs say to each other. */
type Said =
  | { readonly say: 'open' | 'lost' | 'unsure' }
  /** Somebody new: how is the stream? */
  | { readonly say: 'ask' }
  | { readonly say: 'event'; readonly name: string; readonly data: string };

const COME_BACK_MS = 3_000;
const LOOK_MS = 5_000;
/** Something is heard every 15 s; a stream that is silent for longer is dead. */
const SILENT_MS = 40_000;

/** The one stream, kept open. @returns how it is, and the end of it */
function holdStream(source: Source, tell: (said: Said) => void) {
  let stream: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let heardMs = 0;
  let ended = false;

  const later = () => {
    clearTimeout(again);
    again = setTimeout(open, COME_BACK_MS);
  };
  const down = (mine: EventSource) => {
    tell({ say: 'lost' });
    // A browser gives up for good when it is refused.
    if (stream !== mine || !(source.once || mine.readyState === EventSource.CLOSED)) return;
    mine.close();
    later();
  };
  async function open(): Promise<void> {
    if (ended) return;
    stream?.close();
    heardMs = performance.now();
    const mine = await Promise.resolve(source.connect()).catch(refusedOf);
    if (!(mine instanceof EventSource)) {
      tell({ say: 'lost' });
      return later();
    }
    if (ended) return mine.close();
    stream = mine;
    for (const name of source.events)
      mine.addEventListener(name, ({ data }) => {
        heardMs = performance.now();
        tell({ say: 'event', name, data });
      });
    mine.addEventListener('open', () => tell({ say: 'open' }));
    mine.addEventListener('error', () => down(mine));
  }
  const looking = setInterval(() => {
    const isSilent = performance.now() - heardMs > SILENT_MS;
    if (stream?.readyState === EventSource.OPEN && isSilent) void open();
  }, LOOK_MS);
  void open();
  return {
    isOpen: () => stream?.readyState === EventSource.OPEN,
    end: () => {
      ended = true;
      clearInterval(looking);
      clearTimeout(again);
      stream?.close();
    },
  };
}

/** Hears a stream while this tab is seen. @returns leaves it for good */
export function joinFeed(source: Source, hearer: Hearer): () => void {
  let leave: (() => void) | undefined;

  function join(): void {
    const channel = canShare() ? new BroadcastChannel(source.name) : undefined;
    let held: ReturnType<typeof holdStream> | undefined;
    let left = false;
    const hear = (said: Said) => {
      if (said.say === 'event') hearer.event(said.name, said.data);
      else if (said.say !== 'ask') hearer[said.say]();
    };
    const tell = (said: Said) => {
      if (left) return;
      channel?.postMessage(said);
      hear(said);
    };
    channel?.addEventListener('message', ({ data: said }: MessageEvent<Said>) => {
      if (said.say !== 'ask') hear(said);
      else if (held?.isOpen()) channel.postMessage({ say: 'open' });
    });
    hearer.unsure();
    const stepBack = seekLead(source.name, () => {
      tell({ say: 'unsure' });
      held = holdStream(source, tell);
      return held.end;
    });
    channel?.postMessage({ say: 'ask' });
    leave = () => {
      left = true;
      stepBack();
      channel?.close();
      leave = undefined;
    };
  }
  const onVisible = () => {
    if (document.visibilityState === 'visible') {
      if (!leave) join();
    } else leave?.();
  };
  document.addEventListener('visibilitychange', onVisible);
  onVisible();
  return () => {
    document.removeEventListener('visibilitychange', onVisible);
    leave?.();
  };
}
