/**
 * Each Redis key: who builds it, its type, what it holds, how long, which Redis, who writes it.
 * The keys of a sale share one hash tag, the shard's, so that every script stays in one cluster
 * slot; the streams of a shard carry the same tag, so that a script can append to them.
 */
import { createHash } from 'node:crypto';
import type { ChannelName } from './channels.ts';

export type SaleKeyName =
  | 'seats'
  | 'plan'
  | 'tiers'
  | 'segments'
  | 'runs'
  | 'owners'
  | 'holds'
  | 'buyers'
  | 'deadlines'
  | 'requests'
  | 'meta'
  | 'reserved'
  | 'bloom';
export type ShardKeyName = 'epoch' | 'flags' | 'filters' | 'sales';

interface KeyRow {
  readonly type: 'string' | 'hash' | 'zset' | 'set' | 'bitmap';
  readonly holds: string;
}

/**
 * Keys of one sale: `<namespace>:{s<shard>}:sale:<sale>:<name>`. All live until the sale is gone.
 */
export const SALE_KEYS: Readonly<Record<SaleKeyName, KeyRow>> = {
  seats: { type: 'string', holds: 'the byte at offset `seat`: 0, 1, 2, or - for a gap' },
  plan: {
    type: 'string',
    holds: 'one fixed-width record per offset: tier, segment, price, label; written by open only',
  },
  tiers: {
    type: 'hash',
    holds: 'per tier its name and segments, in all and per section; written by open only',
  },
  segments: {
    type: 'string',
    holds: 'one fixed-width record per row segment, best first within a tier: where it lies',
  },
  runs: {
    type: 'string',
    holds: 'one byte per row segment, same order: its longest free run, at most 9',
  },
  owners: { type: 'hash', holds: 'seat → orderId, or blockId' },
  holds: { type: 'hash', holds: 'orderId → JSON {uid, seats, deadlineMs, state, …}' },
  buyers: { type: 'hash', holds: 'uid → seats held and bought' },
  deadlines: { type: 'zset', holds: 'orderId by the moment it is (next) due, epoch ms' },
  requests: {
    type: 'hash',
    holds: 'uid and Idempotency-Key → fingerprint and orderId, whose hold is the answer',
  },
  meta: {
    type: 'hash',
    holds: 'state, terms, gate (both again, as the one text a lock reads), version, left per tier',
  },
  reserved: { type: 'hash', holds: 'uid → the moment of its reservation, epoch ms' },
  bloom: {
    type: 'bitmap',
    holds:
      'the filter over `reserved` that the edge pulls, and behind it the bit `open` seals it with',
  },
};

/** Keys of one shard: `<namespace>:{s<shard>}:<name>`. */
export const SHARD_KEYS: Readonly<Record<ShardKeyName, KeyRow>> = {
  epoch: {
    type: 'hash',
    holds: 'runId the sales are good on; its epoch; run: both again, as the text a lock reads',
  },
  flags: {
    type: 'hash',
    holds:
      'sale → "switch opensAtMs closesAtMs reservationClosesAtMs soldOut": what the edge pulls; ' +
      'written when one of them changes, and then the sale is published under the name of this key',
  },
  filters: {
    type: 'hash',
    holds:
      'sale → "reservations bits hashes bloom": the size of its filter and the key of its bits, ' +
      'which the edge pulls when the line has changed; only sales that need a reservation',
  },
  sales: { type: 'set', holds: 'the sales of the shard' },
};

/** Keys of the cache Redis, which may lose any of them at any moment: `<namespace>:<name>`. */
export const CACHE_KEYS: Readonly<
  Record<'catalogue:generation' | 'catalogue:kept' | 'edge:config' | 'flow:rate', KeyRow>
> = {
  'catalogue:generation': {
    type: 'string',
    holds:
      'an id that is new after every change of the catalogue, published on the channel of the ' +
      'same name; written by mixins/generation.ts, read by the edge and by mixins/cached.ts',
  },
  'catalogue:kept': {
    type: 'string',
    holds:
      'first part of the keys of what processes keep for each other, a checksum and the bytes ' +
      '(none: there is no such thing), and of their locks; by mixins/cached-shared.ts',
  },
  'edge:config': {
    type: 'hash',
    holds: 'settings the edge reads, and the revision they are of; written by config-center',
  },
  'flow:rate': {
    type: 'string',
    holds:
      'followed by `:<rule> <seconds>:<value>`: the calls a rate rule has counted in its window, ' +
      'which ends with the key; written by mixins/flow/rate.ts',
  },
};

export type SaleKeys = Readonly<Record<SaleKeyName, string>>;
export type ShardKeys = Readonly<Record<ShardKeyName, string>>;

export interface Keyspace {
  readonly shards: number;
  shardOf(sale: string): number;
  ofSale(sale: string): SaleKeys;
  ofShard(shard: number): ShardKeys;
  /** The stream of a durable channel in a shard. */
  stream(channel: ChannelName, shard: number): string;
  /** The streams of a channel in every shard. */
  streams(channel: ChannelName): string[];
}

/** The arbiter's keys under one namespace, spread over a number of shards. */
export function keyspace(namespace: string, shards: number): Keyspace {
  const tag = (shard: number) => `${namespace}:{s${shard}}`;
  const shardOf = (sale: string) =>
    shards === 1 ? 0 : createHash('md5').update(sale).digest().readUInt32BE(0) % shards;
  const stream = (channel: ChannelName, shard: number) => `${tag(shard)}:${channel}`;
  return {
    shards,
    shardOf,
    stream,
    streams: (channel) => Array.from({ length: shards }, (_, shard) => stream(channel, shard)),
    ofSale: (sale) => keysFor(SALE_KEYS, (name) => `${tag(shardOf(sale))}:sale:${sale}:${name}`),
    ofShard: (shard) => keysFor(SHARD_KEYS, (name) => `${tag(shard)}:${name}`),
  };
}

/** A key of the cache Redis. */
export const cacheKey = (namespace: string, name: keyof typeof CACHE_KEYS): string =>
  `${namespace}:${name}`;

function keysFor<Name extends string>(
  rows: Readonly<Record<Name, KeyRow>>,
  build: (name: Name) => string,
): Readonly<Record<Name, string>> {
  const names = Object.keys(rows) as Name[];
  return Object.fromEntries(names.map((name) => [name, build(name)])) as Record<Name, string>;
}
