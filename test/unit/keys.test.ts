/** The arbiter's keys: none collides with another, and those of a sale stay in one cluster slot. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNEL_NAMES } from '../../contracts/channels.ts';
import { keyspace, SALE_KEYS, SHARD_KEYS } from '../../contracts/keys.ts';

const sale = fc.stringMatching(/^[0-9a-hjkmnp-tv-z]{16}$/);
const tagOf = (key: string) => /\{([^}]+)\}/.exec(key)?.[1];

describe('the keys of a sale', () => {
  it('share one hash tag with the streams and keys of their shard', () => {
    fc.assert(
      fc.property(sale, fc.integer({ min: 1, max: 16 }), (name, shards) => {
        const keys = keyspace('hall', shards);
        const shard = keys.shardOf(name);
        const all = [
          ...Object.values(keys.ofSale(name)),
          ...Object.values(keys.ofShard(shard)),
          ...CHANNEL_NAMES.map((channel) => keys.stream(channel, shard)),
        ];
        expect(new Set(all.map(tagOf))).toEqual(new Set([`s${shard}`]));
        expect(shard).toBeLessThan(shards);
      }),
    );
  });
  it('never collide, within a sale, between sales, or with a stream', () => {
    const keys = keyspace('hall', 1);
    const all = [
      ...['0000000000000001', '0000000000000002'].flatMap((name) =>
        Object.values(keys.ofSale(name)),
      ),
      ...Object.values(keys.ofShard(0)),
      ...CHANNEL_NAMES.flatMap((channel) => keys.streams(channel)),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
  it('have one builder per row of the tables', () => {
    const keys = keyspace('hall', 1);
    expect(Object.keys(keys.ofSale('0000000000000001'))).toEqual(Object.keys(SALE_KEYS));
    expect(Object.keys(keys.ofShard(0))).toEqual(Object.keys(SHARD_KEYS));
  });
});

describe('shards', () => {
  it('are chosen by the sale alone: every process finds the same one', () => {
    fc.assert(
      fc.property(sale, (name) => {
        expect(keyspace('a', 8).shardOf(name)).toBe(keyspace('b', 8).shardOf(name));
      }),
    );
  });
  it('all get sales', () => {
    const keys = keyspace('hall', 4);
    const hit = new Set(
      Array.from({ length: 200 }, (_, i) => keys.shardOf(String(i).padStart(16, '0'))),
    );
    expect(hit.size).toBe(4);
  });
  it('keep namespaces apart', () => {
    const [a, b] = [keyspace('a', 1).ofShard(0), keyspace('b', 1).ofShard(0)];
    expect(Object.values(a).filter((key) => Object.values(b).includes(key))).toEqual([]);
  });
});
