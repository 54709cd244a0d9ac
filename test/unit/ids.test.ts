/** The kinds of ids: sortable, unlike each other, and an orderId says whose it is. */
import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ID_PATTERN,
  isOwnerOf,
  newBlockId,
  newId,
  newOrderId,
  ORDER_ID_PATTERN,
  readBlockId,
  readOrderId,
} from '../../contracts/ids.ts';

const key = createSecretKey(Buffer.alloc(32, 7));
const otherKey = createSecretKey(Buffer.alloc(32, 8));
const moment = fc.integer({ min: 0, max: 32 ** 9 - 1 });
const uid = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const session = newId(1_700_000_000_000, randomBytes);
const orderOf = (owner: string, nowMs = 1_700_000_000_000) =>
  newOrderId(session, owner, key, nowMs, randomBytes);

describe('catalogue ids', () => {
  it('have the form every service checks, at any moment and with any bytes', () => {
    fc.assert(
      fc.property(moment, fc.uint8Array({ minLength: 7, maxLength: 7 }), (ms, bytes) => {
        expect(newId(ms, () => Buffer.from(bytes))).toMatch(ID_PATTERN);
      }),
    );
  });
  it('sort by the moment they were minted', () => {
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        const [first, second] = [newId(a, randomBytes), newId(b, randomBytes)];
        if (a < b) expect(first < second).toBe(true);
        if (a > b) expect(first > second).toBe(true);
      }),
    );
  });
  it('do not repeat within one millisecond', () => {
    const ids = Array.from({ length: 2_000 }, () => newId(1, randomBytes));
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('are the same for the same clock and the same bytes: a simulation may own both', () => {
    const zeros = () => Buffer.alloc(7);
    expect(newId(1_234, zeros)).toBe(newId(1_234, zeros));
  });
});

describe('an orderId', () => {
  it('tells its session and the moment it was minted', () => {
    fc.assert(
      fc.property(moment, uid, (ms, owner) => {
        const orderId = orderOf(owner, ms);
        expect(orderId).toMatch(ORDER_ID_PATTERN);
        expect(readOrderId(orderId)).toEqual({ sessionId: session, mintedAtMs: ms });
      }),
    );
  });
  it('belongs to the uid it was minted for and to nobody else', () => {
    fc.assert(
      fc.property(uid, uid, (owner, stranger) => {
        const orderId = orderOf(owner);
        expect(isOwnerOf(orderId, owner, key)).toBe(true);
        expect(isOwnerOf(orderId, stranger, key)).toBe(stranger === owner);
        expect(isOwnerOf(orderId, owner, otherKey)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
  it('is nobody’s once a single character is changed', () => {
    const orderId = orderOf('alice');
    for (let i = 0; i < orderId.length; i++) {
      const forged = orderId.slice(0, i) + (orderId[i] === '0' ? '1' : '0') + orderId.slice(i + 1);
      expect(isOwnerOf(forged, 'alice', key), forged).toBe(false);
    }
  });
  it.each(['', '-', session, `${session}-`, 'a'.repeat(51), `${session}-${'0'.repeat(25)}-zz`])(
    'is not %j',
    (text) => {
      expect(readOrderId(text)).toBeUndefined();
      expect(isOwnerOf(text, 'alice', key)).toBe(false);
    },
  );
  it('is never mistaken for a catalogue id, nor the other way round', () => {
    expect(orderOf('alice')).not.toMatch(ID_PATTERN);
    expect(session).not.toMatch(ORDER_ID_PATTERN);
  });
});

describe('blockIds', () => {
  const block = newBlockId(session, 1_700_000_000_123, randomBytes);
  it('say their session, and when they were minted', () => {
    expect(readBlockId(block)).toEqual({
      sessionId: session,
      id: block.slice(-16),
      mintedAtMs: 1_700_000_000_123,
    });
  });
  it('are taken for no orderId, and no orderId for one', () => {
    expect(readOrderId(block)).toBeUndefined();
    expect(isOwnerOf(block, '', key)).toBe(false);
    for (const other of [orderOf('ann'), `${block}0`, `x${block}`, session])
      expect(readBlockId(other)).toBeUndefined();
  });
});
