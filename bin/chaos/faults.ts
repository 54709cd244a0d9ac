/**
 * What the nemesis can do, to whom, how often and for how long: one table. What each does to a
 * running system is in `strikes.ts`.
 */
import { instancesOf, SERVERS } from '../../config/processes.ts';
import { CHANNEL_NAMES } from '../../contracts/channels.ts';
import type { Random } from './random.ts';

/** What the processes reach through a proxy of ours. `webhook`: the provider's way to the edge. */
export const WIRES = ['arbiter', 'cache', 'nats', 'mariadb', 'provider', 'webhook'] as const;
export type WireName = (typeof WIRES)[number];

const PROCESSES = instancesOf(0, 'sandbox').map(({ name }) => name);
const SERVER_NAMES = SERVERS.map(({ name }) => name);
/** Somebody reads what dies; the letters that tell of it are not forged here. */
const CHANNELS = CHANNEL_NAMES.filter((name) => name !== 'message.died');

interface FaultRow {
  readonly targets: readonly string[];
  /** Turns in the bag that faults are drawn from. */
  readonly turns: number;
  /** How long until it is healed; a fault without is over at once. */
  readonly lastsMs?: readonly [min: number, max: number];
  /** A number that the fault is told: how many, how far, how late. */
  readonly arg?: (random: Random) => number;
  /** What it occupies of its target: two faults never meet there. The program itself, mostly. */
  readonly part?: 'wire' | 'clock' | 'stream';
}

const table = <Name extends string>(rows: Readonly<Record<Name, FaultRow>>) => rows;

export const FAULTS = table({
  kill: { targets: [...PROCESSES, ...SERVER_NAMES, 'edge'], turns: 6 },
  terminate: { targets: [...PROCESSES, 'edge', 'nats'], turns: 3 },
  restart: { targets: [...PROCESSES, 'nats'], turns: 2 },
  // Some of these outlive a lock, and the patience of a consumer group.
  pause: { targets: [...PROCESSES, 'edge'], turns: 4, lastsMs: [1_000, 9_000] },
  pauseServer: { targets: SERVER_NAMES, turns: 2, lastsMs: [500, 4_000] },
  down: { targets: [...SERVER_NAMES, ...PROCESSES], turns: 2, lastsMs: [1_500, 7_000] },
  loseSecond: { targets: ['arbiter'], turns: 1 },
  loseAll: { targets: ['arbiter'], turns: 1 },
  flush: { targets: ['cache'], turns: 1 },
  diskFull: { targets: ['arbiter'], turns: 1, lastsMs: [1_000, 4_000] },
  memoryFull: { targets: ['arbiter'], turns: 1, lastsMs: [1_000, 4_000] },
  delay: {
    targets: WIRES,
    turns: 2,
    lastsMs: [2_000, 6_000],
    arg: (random) => random.between(5, 300),
    part: 'wire',
  },
  drop: { targets: WIRES, turns: 3, lastsMs: [1_000, 7_000], part: 'wire' },
  reset: { targets: WIRES, turns: 3, lastsMs: [200, 2_000], part: 'wire' },
  duplicate: {
    targets: CHANNELS,
    turns: 3,
    arg: (random) => random.between(1, 40),
    part: 'stream',
  },
  replay: { targets: CHANNELS, turns: 2, arg: (random) => random.between(1, 40), part: 'stream' },
  poison: { targets: CHANNELS, turns: 2, arg: (random) => random.between(0, 3), part: 'stream' },
  webhookAgain: {
    targets: ['payment'],
    turns: 2,
    arg: (random) => random.between(1, 30),
    part: 'stream',
  },
  webhookForged: { targets: ['payment'], turns: 1, part: 'stream' },
  skew: {
    targets: PROCESSES,
    turns: 3,
    lastsMs: [3_000, 10_000],
    arg: (random) => random.pick([-60_000, -2_000, 2_000, 60_000]),
    part: 'clock',
  },
});
export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

export const rowOf = (fault: FaultName): FaultRow => FAULTS[fault];
