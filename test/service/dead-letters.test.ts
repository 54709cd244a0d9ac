/** Messages that died, from their death to their end: real handlers refuse, operators resolve. */
import type { Context, ServiceSchema } from 'moleculer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MessageDied, OrderCancelled } from '../../contracts/channels.ts';
import type { DeadLetter } from '../../contracts/dead-letter.ts';
import { refuse } from '../../contracts/errors.ts';
import {
  freshSale,
  keys,
  leave,
  type Node,
  post,
  redis,
  soon,
  startNode,
  statements,
  wordFrom,
} from './order.support.ts';

const { fileDeadLetter } = await import('../../mixins/dead-letters.ts');

/** Two groups of one stream: the first refuses for good while it is told to, the second never. */
const heard: string[] = [];
let refusing = true;
const listener = (name: string, refuses: boolean): ServiceSchema =>
  ({
    name,
    channels: {
      'order.cancelled': {
        context: true,
        handler(ctx: Context<OrderCancelled>) {
          if (refuses && refusing) refuse('NOT_FOUND');
          heard.push(`${name} ${ctx.params.orderId}`);
        },
      },
    },
  }) as ServiceSchema;

const stream = keys.stream('order.cancelled', 0);
const OPERATOR = { user: { uid: 'opal', role: 'operator' as const } };
let node: Node;

beforeAll(async () => {
  node = await startNode([listener('picky', true), listener('easy', false)]);
});
beforeEach(async () => {
  refusing = true;
  await statements().change('DELETE FROM dead_letters');
});
afterAll(() => leave(node));

const asOperator: Node['ask'] = (name, params) =>
  node.ask(name, params, undefined, structuredClone(OPERATOR));
const listed = async (state: DeadLetter['state'] = 'open') =>
  (await asOperator('order.deadLetters', { state })).items;
const audited = (target: string) =>
  statements().rows<{ uid: string; action: string; after: string }>(
    'SELECT uid, action, `after` FROM audit_log WHERE target = :target ORDER BY auditId',
    { target },
  );

/** A message that `picky` refuses, filed. */
async function died(orderId: string): Promise<DeadLetter> {
  const about = { sale: freshSale(), orderId, uid: 'u', seats: [1] };
  await post('order.cancelled', { ...about, reason: 'CANCELLED' });
  await soon(() => listed()).toHaveLength(1);
  return (await listed())[0]!;
}

const filed = (changes: Partial<MessageDied>): MessageDied => ({
  stream,
  channel: 'order.cancelled',
  group: 'picky',
  entryId: '1-1',
  fields: ['payload', '{破'],
  reason: 'payload is not a JSON object',
  atMs: Date.now(),
  ...changes,
});

test('shows a message that died, its reason, and everything it says', async () => {
  const letter = await died('shown');
  expect(letter).toMatchObject({
    state: 'open',
    channel: 'order.cancelled',
    service: 'picky',
    stream,
    deaths: 1,
    resolvedAt: null,
  });
  expect(letter.reason).toContain('NOT_FOUND');
  const whole = await asOperator('order.deadLetter', { id: letter.id });
  expect(whole).toMatchObject({ ...letter, content: { payload: { orderId: 'shown' } } });
  expect(whole.fields.slice(0, 1)).toEqual(['payload']);
  const beginning = await asOperator('order.deadLetter', { id: letter.id.slice(0, 8) });
  expect(beginning).toEqual(whole);
});

test('replays a message to every group of its stream, and remembers who did it', async () => {
  const { id } = await died('replayed');
  refusing = false;
  const replayed = await asOperator('order.replayLetter', { id });
  expect(replayed).toMatchObject({ id, state: 'replayed', resolvedBy: 'opal' });
  const hearings = () => heard.filter((line) => line.endsWith(' replayed')).toSorted();
  await soon(hearings).toEqual(['easy replayed', 'easy replayed', 'picky replayed']);
  const entries = await redis.xrange(stream, '-', '+');
  const said = entries.map(([, fields]) => fields).filter(([, text]) => text!.includes('replayed'));
  expect(said).toHaveLength(2);
  expect(said[0]).toEqual(said[1]);
  expect(await listed()).toEqual([]);
  expect(await listed('replayed')).toMatchObject([{ id }]);
  expect(await audited(id)).toMatchObject([{ uid: 'opal', action: 'dead-letter.replayed' }]);
});

test('opens a letter again when its replay dies too', async () => {
  const { id } = await died('stubborn');
  await asOperator('order.replayLetter', { id });
  await soon(() => listed()).toMatchObject([{ id, deaths: 2, resolvedBy: null, resolution: null }]);
  await asOperator('order.discardLetter', { id, reason: ' of no use ' });
  expect(await listed('discarded')).toMatchObject([{ id, resolution: 'of no use' }]);
  expect((await audited(id)).map(({ action }) => action)).toEqual([
    'dead-letter.replayed',
    'dead-letter.discarded',
  ]);
});

test('counts a death once, however often and late it is reported', async () => {
  await fileDeadLetter(filed({}));
  await fileDeadLetter(filed({ entryId: '2-1', reason: 'another' }));
  const [letter] = await listed();
  expect(letter).toMatchObject({ deaths: 2, reason: 'another' });
  await asOperator('order.discardLetter', { id: letter!.id, reason: 'seen' });
  await fileDeadLetter(filed({ atMs: Date.now() + 1 }));
  expect(await listed()).toEqual([]);
});

test('replays what nobody can read as it was', async () => {
  await fileDeadLetter(filed({ entryId: '0-1', fields: ['junk', '{破', 'more', ''] }));
  const [letter] = await listed();
  const { content } = await asOperator('order.deadLetter', { id: letter!.id });
  expect(content).toEqual({ junk: '{破', more: '' });
  await asOperator('order.replayLetter', { id: letter!.id });
  // both groups find it unreadable: the old letter again, and one of the group that now heard it
  await soon(async () => (await listed()).map(({ service }) => service).toSorted()).toEqual(
    expect.arrayContaining(['easy', 'picky']),
  );
  const again = (await listed()).find(({ service }) => service === 'picky');
  expect(again).toMatchObject({ id: letter!.id, deaths: 2 });
});

test('lets one of two operators win, whatever each of them wants', async () => {
  const { id } = await died('contested');
  refusing = false;
  const words = await Promise.all([
    wordFrom(asOperator('order.replayLetter', { id })),
    wordFrom(asOperator('order.discardLetter', { id, reason: 'r' })),
    wordFrom(asOperator('order.replayLetter', { id })),
  ]);
  expect(words.toSorted()).toEqual(['LETTER_RESOLVED', 'LETTER_RESOLVED', 'accepted']);
  expect(await audited(id)).toHaveLength(1);
});

test('leaves a letter open that could not be posted', async () => {
  await fileDeadLetter(filed({ stream: keys.ofShard(0).epoch, entryId: '3-1' }));
  await redis.hset(keys.ofShard(0).epoch, 'not', 'a stream');
  const [letter] = await listed();
  expect(await wordFrom(asOperator('order.replayLetter', { id: letter!.id }))).toBe('BUSY');
  expect(await listed()).toMatchObject([{ id: letter!.id }]);
  expect(await audited(letter!.id)).toEqual([]);
});

test('is for operators, who name a letter and a reason', async () => {
  const { id } = await died('guarded');
  const asks = [
    ['order.deadLetters', {}],
    ['order.deadLetter', { id }],
    ['order.replayLetter', { id }],
    ['order.discardLetter', { id, reason: 'r' }],
  ] as const;
  for (const role of ['buyer', 'organiser'] as const)
    for (const [name, params] of asks) {
      const asked = node.ask(name, params as never, undefined, { user: { uid: 'u', role } });
      expect(await wordFrom(asked), `${role} ${name}`).toBe('FORBIDDEN');
    }
  const nameless = node.ask('order.replayLetter', { id });
  expect(await wordFrom(nameless)).toBe('UNAUTHENTICATED');
  for (const reason of ['', '   ']) {
    const discard = asOperator('order.discardLetter', { id, reason });
    expect(await wordFrom(discard)).toBe('VALIDATION_ERROR');
  }
  for (const none of ['f'.repeat(64), id.slice(0, 7), '%', `${id.slice(0, 8)}%`])
    expect(await wordFrom(asOperator('order.deadLetter', { id: none }))).toBe('NOT_FOUND');
  expect(await listed()).toMatchObject([{ id, state: 'open' }]);
});

test('asks for more of an id that two letters begin with', async () => {
  for (const end of ['0', '1'])
    await statements().change(
      `INSERT INTO dead_letters (id, channel, service, stream, entryId, fields, reason, diedAt)
       VALUES (:id, 'c', 's', 'x', '1-1', '[]', 'r', UTC_TIMESTAMP(3))`,
      { id: 'abcdef01'.padEnd(63, '0') + end },
    );
  const asked = asOperator('order.deadLetter', { id: 'abcdef01' });
  expect(await wordFrom(asked)).toBe('VALIDATION_FAILED');
});

test('pages through letters, the last to die first', async () => {
  const atMs = Date.now();
  for (let i = 0; i < 5; i++)
    // two of them in the same moment
    await fileDeadLetter(
      filed({ fields: ['n', String(i)], entryId: `9-${i}`, atMs: atMs + (i >> 1) }),
    );
  const seen: DeadLetter[] = [];
  let cursor: string | undefined;
  do {
    const page = await asOperator('order.deadLetters', { limit: 2, ...(cursor && { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(2);
    seen.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
  const moments = seen.map(({ diedAt }) => diedAt);
  expect(moments).toEqual(moments.toSorted().toReversed());
});
