/** The log: whatever Moleculer or a service says, nothing of it is lost on its way to a line. */
import { describe, expect, test } from 'vitest';
import { pinoOrder } from '../../mixins/log.ts';

describe('a log line', () => {
  const error = new Error('away');
  test.each([
    ['a message alone', ['said'], ['said']],
    ['its fields', ['said', { a: 1 }], [{ a: 1 }, 'said']],
    ['its error', ['said', error], [{ err: error }, 'said']],
    ['its fields and its error', ['said', { a: 1 }, error], [{ a: 1, err: error }, 'said']],
    ['a detail that is only text', ['said', 'why'], [{ detail: 'why' }, 'said']],
    ['an error alone', [error], [error]],
  ])('keeps %s', (_, said, written) => {
    expect(pinoOrder(said)).toEqual(written);
  });
});
