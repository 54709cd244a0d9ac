/** A world as a short text: two worlds are the same exactly when their texts are. */
import type { Arbiter, Hold, Life, World } from './world.ts';

const bit = (is: boolean, value: number) => (is ? value : 0);
const char = String.fromCharCode;
const HOLDS = { none: 0, LOCKED: 1, SOLD: 2, RELEASED: 3 };
const OUTBOX = { none: 0, unposted: 1, posted: 2, again: 3 };
const EVENTS = { none: 0, sent: 1, answered: 2 };
const PROVIDER = { none: 0, open: 1, captured: 2 };
const CLOSING = { none: 1, closed: 2, taken: 3, unknown: 4 };
const STATES = { INIT: 'i', LOCKED: 'l', PAYING: 'y', PAID: 'p', CANCELLED: 'c' } as const;

const holdKey = ({ state, waiting }: Hold) =>
  char(
    HOLDS[state] +
      bit(waiting.locked, 4) +
      bit(waiting['order.paid'], 8) +
      bit(waiting['order.cancelled'], 16),
  );

// An arbiter is shared by many worlds, as it is never changed.
const arbiters = new WeakMap<Arbiter, string>();
function arbiterKey(arbiter: Arbiter): string {
  let key = arbiters.get(arbiter);
  if (key === undefined) {
    const seats = arbiter.seats.map(({ mark, owner }) => char(mark * 8 + owner + 1));
    key = seats.join('') + arbiter.holds.map(holdKey).join('');
    arbiters.set(arbiter, key);
  }
  return key;
}

const lives = new WeakMap<Life, string>();
function lifeKey(life: Life): string {
  let key = lives.get(life);
  if (key === undefined) {
    const verdict = life.verdict === undefined ? 0 : life.verdict === 'ORDERED' ? 1 : 2;
    const { outbox, closing } = life;
    key =
      char(
        bit(life.accepted, 1) + bit(life.told, 2) + bit(life.claim, 4) + life.clock * 8,
        verdict + OUTBOX[outbox['order.paid']] * 4 + OUTBOX[outbox['order.cancelled']] * 16,
        PROVIDER[life.provider] + EVENTS[life.succeeded] * 4,
        life.refunds + (closing === undefined ? 0 : CLOSING[closing]) * 8,
      ) +
      life.history.map((state) => STATES[state as keyof typeof STATES] ?? 't').join('') +
      ';';
    lives.set(life, key);
  }
  return key;
}

export function keyOf(world: World, lossesMax: number): string {
  const { arbiter, before, synced, losses, adopted, unseen, repair, quota } = world;
  // when nothing can be lost any more, what is on the disk makes no difference
  const disk = losses < lossesMax ? `${synced ? '+' : '-'}${arbiterKey(synced ?? before)}` : '';
  const now = losses + bit(adopted, 8) + bit(unseen[0]!, 16) + bit(unseen[1] === true, 32);
  const pending = repair === undefined ? '' : `${repair.of}${repair.word}`;
  const whole = world.lives.map(lifeKey).join('');
  return `${arbiterKey(arbiter)}${disk}|${char(now, ...quota)}${whole}${pending}`;
}
