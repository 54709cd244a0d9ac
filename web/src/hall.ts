/**
 * One hall, live: its layout, the mark of every seat, and whether the stream is up. The stream is
 * opened first, then the seats are read (version V), then deltas beyond V are applied; what cannot
 * be joined to what is known is read again. While the stream is down, the sale's small status is
 * asked every few seconds, and the seats when it says that they moved.
 */
import { computed, onUnmounted, ref, shallowRef } from 'vue';
import {
  type Layout,
  type LayoutColumns,
  type LayoutSeat,
  layoutOf,
} from '../../contracts/layout.ts';
import type { SaleAnswer } from '../../contracts/sale-view.ts';
import { api, refusedOf } from './api.ts';
import { heardTime } from './clock.ts';
import { type Hearer, joinFeed } from './feed.ts';
import { FREE, Seats } from './seats.ts';

export type Move = readonly [seat: number, mark: string];
type MovesHearer = (moves?: readonly Move[]) => void;
export type Live = 'opening' | 'live' | 'degraded';
export interface Place extends LayoutSeat {
  readonly section: string;
  readonly row: string;
}

const POLL_MS = 4_000;
const COME_BACK_MS = 3_000;

const isSeen = () => document.visibilityState === 'visible';

function placesIn({ sections }: Layout): Map<number, Place> {
  const places = new Map<number, Place>();
  for (const { section, rows } of sections)
    for (const { row, seats } of rows)
      for (const seat of seats) places.set(seat.seat, { ...seat, section, row });
  return places;
}

function freeByTier(places: ReadonlyMap<number, Place>, seats: Seats): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { seat, tier } of places.values())
    counts[tier] = (counts[tier] ?? 0) + Number(seats.markOf(seat) === FREE);
  return counts;
}

/** Reads the whole hall, as it is now; deltas that arrive meanwhile wait for it. */
function seatsReader(
  sessionId: string,
  seats: Seats,
  tell: () => void,
  complain: (said: string) => void,
): () => Promise<void> {
  let reading: Promise<void> | undefined;
  return function readSeats(): Promise<void> {
    seats.expect();
    reading ??= api
      .seats(sessionId)
      .then((answer) => {
        if (!seats.read(answer)) setTimeout(() => void readSeats(), 200);
        tell();
      })
      .catch((error: unknown) => {
        complain(refusedOf(error).message);
        setTimeout(() => void readSeats(), COME_BACK_MS);
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
}

/** What the stream says, by name. */
type Events = Readonly<Record<string, (data: string) => unknown>>;

function follow(sessionId: string, events: Events, hearer: Omit<Hearer, 'event'>): () => void {
  const source = {
    name: `hotseat.hall.${sessionId}`,
    connect: () => new EventSource(api.streamUrl(sessionId)),
    events: Object.keys(events),
  };
  return joinFeed(source, { ...hearer, event: (name, data) => events[name]?.(data) });
}

export function useHall(sessionId: string) {
  const columns = shallowRef<LayoutColumns>();
  const layout = shallowRef<Layout>();
  const places = shallowRef(new Map<number, Place>());
  const sale = shallowRef<SaleAnswer>();
  const live = ref<Live>('opening');
  const problem = ref('');
  /** Counts what has changed: marks are too many to be watched one by one. */
  const tick = ref(0);
  const seats = new Seats();
  const hearers = new Set<MovesHearer>();
  let polled: SaleAnswer | undefined;

  const markOf = (seat: number): string => (tick.value >= 0 ? seats.markOf(seat) : FREE);
  const left = computed(() =>
    tick.value < 1 || seats.size === 0 ? (sale.value?.left ?? {}) : freeByTier(places.value, seats),
  );

  const tell = (moves?: readonly Move[]) => {
    tick.value++;
    for (const hear of hearers) hear(moves);
  };
  const readSeats = seatsReader(sessionId, seats, tell, (said) => {
    problem.value = said;
  });
  async function readSale(): Promise<void> {
    try {
      const answer = await api.sale(sessionId);
      sale.value = answer;
      problem.value = '';
      // What was known to the server a poll ago was told since, or never will be.
      const missed = polled !== undefined && seats.isOlder(polled);
      polled = answer;
      if (missed || (live.value !== 'live' && seats.isBehind(answer))) await readSeats();
    } catch (error) {
      problem.value = refusedOf(error).message;
    }
  }

  const events: Events = {
    seats(data) {
      const moves = seats.hear(JSON.parse(data));
      if (moves === 'gap') return readSeats();
      if (moves.length > 0) tell(moves);
    },
    reset: readSeats,
    time: (data) => heardTime(JSON.parse(data).epochMs),
  };
  let leave: (() => void) | undefined;
  const listen = () => {
    leave ??= follow(sessionId, events, {
      open() {
        live.value = 'live';
        // One that comes back by itself is told what it missed, or to read again.
        if (seats.size === 0 || seats.isAlone) void readSeats();
      },
      lost() {
        live.value = 'degraded';
        seats.leaveAlone();
      },
      unsure: () => seats.leaveAlone(),
    });
  };
  const polling = setInterval(() => isSeen() && void readSale(), POLL_MS);
  onUnmounted(() => {
    clearInterval(polling);
    leave?.();
  });

  /** @throws Refused */
  async function enter(): Promise<void> {
    listen();
    await readSale();
    columns.value = await api.layout(sessionId);
    layout.value = layoutOf(columns.value);
    places.value = placesIn(layout.value);
  }
  return {
    columns,
    layout,
    places,
    sale,
    left,
    live,
    problem,
    tick,
    markOf,
    states: () => seats.text(),
    readSale,
    enter,
    /** Told of each change: the moves, or nothing when everything was read again. */
    onMoves: (hear: MovesHearer) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
  };
}
export type HallView = ReturnType<typeof useHall>;
