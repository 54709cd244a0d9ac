/**
 * Every process and server of one machine: what it runs, on which port, with how much memory. Ports
 * are offsets from `portBase`, except the edge's. All caps together stay far below the 4 GB that
 * the road is held to on one machine (the table is summed in a test).
 */

import type { Lane } from '../contracts/lane.ts';

/** A group of HTTP routes with a process of its own, so that no door can drown another. */
export type Door = 'rush' | 'front' | 'live';

export interface ProcessRow {
  readonly name: string;
  /** Folders of `services/` it runs, all found by moleculer-runner. */
  readonly services: readonly string[];
  readonly instances: number;
  /** Health port of the first instance; each further instance takes the next. */
  readonly port: number;
  /** Port of the gateway (or the sandbox provider) in the first instance, when it has one. */
  readonly httpPort?: number;
  readonly door?: Door;
  /**
   * Health port of its instance in the gray lane, for what may have one. That has no door: the edge
   * knows no lanes.
   */
  readonly grayPort?: number;
  /** `--max-old-space-size`, MiB. */
  readonly heapMiB: number;
  /** Absent in production mode. */
  readonly sandboxOnly?: true;
}

export const PROCESSES: readonly ProcessRow[] = [
  {
    name: 'rush',
    services: ['gateway', 'seckill'],
    instances: 2,
    port: 11,
    httpPort: 41,
    grayPort: 71,
    door: 'rush',
    heapMiB: 256,
  },
  {
    name: 'front',
    services: ['gateway'],
    instances: 1,
    port: 14,
    httpPort: 44,
    door: 'front',
    heapMiB: 192,
  },
  {
    name: 'live',
    services: ['gateway', 'notification'],
    instances: 1,
    port: 15,
    httpPort: 45,
    door: 'live',
    heapMiB: 256,
  },
  {
    name: 'catalogue',
    services: ['show', 'venue', 'session', 'seat-template', 'audit'],
    instances: 1,
    port: 17,
    grayPort: 77,
    heapMiB: 384,
  },
  { name: 'order', services: ['order'], instances: 2, port: 19, grayPort: 79, heapMiB: 192 },
  { name: 'payment', services: ['payment'], instances: 1, port: 21, grayPort: 81, heapMiB: 192 },
  { name: 'scheduler', services: ['scheduler'], instances: 2, port: 23, heapMiB: 128 },
  { name: 'config-center', services: ['config-center'], instances: 1, port: 27, heapMiB: 96 },
  {
    name: 'sandbox',
    services: ['sandbox'],
    instances: 1,
    port: 25,
    httpPort: 55,
    heapMiB: 192,
    sandboxOnly: true,
  },
];

export type ServerName = 'arbiter' | 'cache' | 'nats' | 'mariadb';

export interface ServerRow {
  readonly name: ServerName;
  readonly port: number;
  /** NATS answers /healthz here. */
  readonly monitorPort?: number;
  readonly memoryMiB: number;
}

export const SERVERS: readonly ServerRow[] = [
  { name: 'arbiter', port: 1, memoryMiB: 512 },
  { name: 'cache', port: 2, memoryMiB: 128 },
  { name: 'nats', port: 3, monitorPort: 4, memoryMiB: 128 },
  { name: 'mariadb', port: 5, memoryMiB: 384 },
];

/** Where the edge asks itself for what its cache does not hold. */
export const EDGE_INSIDE_PORT = 60;

/** One running instance of a row. */
export interface Instance {
  readonly name: string;
  readonly row: ProcessRow;
  readonly lane: Lane;
  readonly port: number;
  readonly httpPort?: number;
}

/** The rows that may have an instance in the gray lane. */
export const GRAY_ROWS: readonly string[] = PROCESSES.flatMap(({ name, grayPort }) =>
  grayPort === undefined ? [] : [name],
);

/**
 * The instances of a mode, ports resolved: `rush-1`, `rush-2`, `front-1`, …
 * @param gray rows with one more instance, in the gray lane: `order-gray`
 */
export function instancesOf(
  portBase: number,
  mode: 'sandbox' | 'production',
  gray: readonly string[] = [],
): Instance[] {
  return PROCESSES.filter((row) => mode === 'sandbox' || !row.sandboxOnly).flatMap((row) => [
    ...Array.from({ length: row.instances }, (_, i) => ({
      name: `${row.name}-${i + 1}`,
      row,
      lane: 'stable' as const,
      port: portBase + row.port + i,
      ...(row.httpPort !== undefined && { httpPort: portBase + row.httpPort + i }),
    })),
    ...(gray.includes(row.name) && row.grayPort !== undefined ? [grayOf(row, portBase)] : []),
  ]);
}

function grayOf(row: ProcessRow, portBase: number): Instance {
  const { door: _door, httpPort: _httpPort, ...rest } = row;
  return {
    name: `${row.name}-gray`,
    row: { ...rest, services: row.services.filter((service) => service !== 'gateway') },
    lane: 'gray',
    port: portBase + row.grayPort!,
  };
}
