/**
 * The load under faults: a fixed number of buyers who come again and again, to several sales, most
 * of them to the first, all of them wanting the same seats; who cancel, abandon, pay at the last
 * moment or just after it, and press a button twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { walk } from '../rush/buyer.ts';
import { type Call, type Client, Unanswered } from '../rush/client.ts';
import type { Stage } from '../rush/stage.ts';
import { WaitingRoom } from '../rush/waiting.ts';
import { type Wishes, wishesOf } from '../rush/wishes.ts';
import { randomOf } from './random.ts';

const SEATS_MAX = 4;
const CANCEL = 0.15;
const PAY = 0.75;
const AT_THE_DEADLINE = 0.3;
const AROUND_DEADLINE_MS = 1_500;
/** A lock lives for five seconds: who means to keep it does not look around for long. */
const HURRY = 0.3;
const AGAIN = 0.1;
/** How long a buyer who left stays away. */
const AWAY_MS = [50, 600] as const;

/** The wishes of buyer `index`: those of a rush, with more ends that are hard. */
export function hardWishes(seed: number, index: number): Wishes {
  const wishes = wishesOf(seed, index, 'chaos', SEATS_MAX);
  const random = randomOf(seed * 1_000_003 + index);
  const [end, last] = [random.next(), random.next()];
  const around = random.between(-AROUND_DEADLINE_MS, AROUND_DEADLINE_MS);
  return {
    ...wishes,
    end: end < CANCEL ? 'cancel' : end < CANCEL + PAY ? 'pay' : 'abandon',
    // Squared: everybody wants the seats in front.
    taste: wishes.taste ** 2,
    pace: wishes.pace * HURRY,
    ...(last < AT_THE_DEADLINE && { payAtMs: around }),
  };
}

/** Keeps `buyers` of them on their way until the client's time is over. */
export async function crowd(
  seed: number,
  buyers: number,
  client: Client,
  stages: readonly Stage[],
): Promise<number> {
  const roads = stages.map(({ sessionId, tiers }) => ({
    client,
    sessionId,
    tiers,
    waiting: new WaitingRoom(client, sessionId),
  }));
  let came = 0;
  const comeAgain = async (place: number) => {
    const random = randomOf(seed + place);
    while (!client.over.aborted) {
      const road = roads[Math.floor(random.next() ** 2 * roads.length)]!;
      await walk(hardWishes(seed, came++), road);
      await sleep(random.between(...AWAY_MS));
    }
  };
  await Promise.all(Array.from({ length: buyers }, (_, place) => comeAgain(place)));
  return came;
}

/** Sends an accepted lock once more, for one buyer in ten: the answer must name the same order. */
export function impatience(client: () => Client): (call: Call) => void {
  const sent = new Set<string>();
  return ({ hop, method, path, ask, answer }) => {
    const key = ask.headers?.['idempotency-key'];
    if (hop !== 'lock' || !key || (answer?.status ?? 500) >= 300 || sent.has(key)) return;
    sent.add(key);
    if (sent.size % Math.round(1 / AGAIN) !== 0) return;
    client()
      .send('lock', method, path, ask)
      .catch((error) => {
        if (!(error instanceof Unanswered)) throw error;
      });
  };
}
