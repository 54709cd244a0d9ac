/** Permits: good for whom they were signed for, and forged in no way. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { readPermit, signPermit } from '../../services/seckill/permit.ts';

const key = () => createSecretKey(randomBytes(32));
const first = key();
const second = key();
const claims = { uid: 'u1', sessionId: 's1', notBeforeMs: 1_000, expiresAtMs: 2_000 };
const signed = signPermit(claims, new Map([['a', first]]));
const both = new Map([
  ['b', second],
  ['a', first],
]);

test('a permit says what was signed, to whoever has the key it names', () => {
  expect(readPermit(signed, 'u1', 's1', both)).toEqual(claims);
  expect(signed).toMatch(/^a\.1000\.2000\.[\w-]{43}$/);
});

test('the first key of the ring signs', () => {
  expect(signPermit(claims, both)).toMatch(/^b\./);
});

test('a permit is of no use to another uid, for another session, or when its key has gone', () => {
  expect(readPermit(signed, 'u2', 's1', both)).toBeUndefined();
  expect(readPermit(signed, 'u1', 's2', both)).toBeUndefined();
  expect(readPermit(signed, 'u1', 's1', new Map([['b', second]]))).toBeUndefined();
});

test.each([
  '',
  'nonsense',
  'a.1000.2000.',
  signed.slice(0, -1),
  `${signed}x`,
  signed.replace('2000', '9000'),
  signed.replace('1000', '0'),
  signed.replace('a.', 'b.'),
  signed.replace('a.', 'constructor.'),
  ` ${signed}`,
  'a'.repeat(10_000),
])('a forged permit is none: %.40s', (permit) => {
  expect(readPermit(permit, 'u1', 's1', both)).toBeUndefined();
});
