/** A world as a short text: two worlds are the same exactly when their texts are. */
import type { Arbiter, Hold, Life, World } from './world.ts';

const bit = (is: boolean, value: number) => (is ? value : 0);
const char = String.fromCharCode;
const HOLDS = { none: 0, LOCKED: 1, SOLD: 2, RELEASED: 3 };
const OUTBOX = { none: 0, unposted: 1, posted: 2, again: 3 };
const EVENTS = { none: 0, sent: 1, answered: 2 };
const PROVIDER = { none: 0, open: 1, captured: 2 };
const CLOSING = { none: 1, closed: 2, taken: 3, unknown: 4 };
const STATES = { INIT: 0, LOCKED: 1, PAYING: 2, PAID: 3, CANCELLED: 4, TIMEOUT_CANCELLED: 5 };
const VERDICTS = { ORDERED: 1, ABORTED: 2 };

const holdCode = ({ state, waiting }: Hold) =>
  HOLDS[state] +
  bit(waiting.locked, 4) +
  bit(waiting['order.paid'], 8) +
  bit(waiting['order.cancelled'], 16);

function arbiterKey({ seats, holds }: Arbiter): string {
  let key = '';
  for (const { mark, owner } of seats) key += char(mark * 8 + owner + 1);
  for (const hold of holds) key += char(holdCode(hold));
  return key;
}

function lifeKey(life: Life): string {
  const { verdict, outbox, closing } = life;
  let history = 0;
  // no path is longer than three states; a mutant's may be five
  for (const state of life.history) history = history * 6 + STATES[state];
  return char(
    bit(life.accepted, 1) + bit(life.told, 2) + bit(life.claim, 4) + life.clock * 8,
    (verdict ? VERDICTS[verdict] : 0) +
      OUTBOX[outbox['order.paid']] * 4 +
      OUTBOX[outbox['order.cancelled']] * 16,
    PROVIDER[life.provider] + EVENTS[life.succeeded] * 4 + life.refunds * 16,
    closing === undefined ? 0 : CLOSING[closing],
    history,
  );
}

export function keyOf(world: World, lossesMax: number): string {
  const { arbiter, before, synced, losses, adopted, unseen, repair, quota } = world;
  // when nothing can be lost any more, what is on the disk makes no difference
  const disk = losses < lossesMax ? `${synced ? '+' : '-'}${arbiterKey(synced ?? before)}` : '';
  const now = losses + bit(adopted, 8) + bit(unseen[0]!, 16) + bit(unseen[1] === true, 32);
  const pending = repair === undefined ? '' : `${repair.of}${repair.word}`;
  let key = `${arbiterKey(arbiter)}${disk}|${char(now)}`;
  for (const held of quota) key += char(held);
  for (const life of world.lives) key += lifeKey(life);
  return key + pending;
}
