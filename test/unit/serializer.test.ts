/** What crosses the bus: JSON as it was, and bytes as bytes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteSerializer } from '../../mixins/serializer.ts';

const serializer = new ByteSerializer();
const over = (packet: object) =>
  serializer.deserialize(serializer.serialize({ ...packet })) as Record<string, unknown>;

describe('a packet', () => {
  test('of JSON arrives as it was, also when it looks like bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const params = JSON.parse(JSON.stringify(value));
        expect(over({ params, stream: false })).toEqual({ params, stream: false });
      }),
    );
    const odd = { params: { type: 'Buffer', data: 'AAAA' } };
    expect(over(odd)).toEqual(odd);
  });

  test.each(['params', 'data'])(
    'with a chunk of a stream as its %s arrives byte for byte',
    (name) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2_000 }), (given) => {
          const chunk = Buffer.from(given);
          const { [name]: arrived, ...rest } = over({ [name]: chunk, seq: 7, stream: true });
          // As the broker unwraps it.
          expect(Buffer.from((arrived as { data: Buffer }).data).equals(chunk)).toBe(true);
          expect(rest).toEqual({ seq: 7, stream: true });
        }),
      );
    },
  );

  test('with bytes is little longer than they are', () => {
    const packet = { data: Buffer.alloc(60_000, 0xe5), stream: true };
    expect(serializer.serialize(packet).length).toBeLessThan(85_000);
  });
});
