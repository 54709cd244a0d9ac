/**
 * Which loopback ports a system takes, and who takes which: the edge's own and, above `portBase`,
 * those of `config/processes.ts`.
 */
import { EDGE_INSIDE_PORT, GRAY_ROWS, instancesOf, SERVERS } from '../../config/processes.ts';
import { portFault } from './health.ts';

export interface PortClaim {
  readonly port: number;
  readonly host: string;
  readonly owner: string;
  /** The setting that moves it. */
  readonly env: string;
}

/** Every port above `portBase`, with its owner. @param gray as for `instancesOf` */
export function portClaims(
  portBase: number,
  mode: 'sandbox' | 'production',
  gray: readonly string[],
): PortClaim[] {
  const claim = (port: number | undefined, owner: string): PortClaim[] =>
    port === undefined ? [] : [{ port, host: '127.0.0.1', owner, env: 'PORT_BASE' }];
  return [
    ...claim(portBase + EDGE_INSIDE_PORT, 'edge (inside)'),
    ...SERVERS.flatMap(({ name, port, monitorPort }) => [
      ...claim(portBase + port, name),
      ...claim(monitorPort && portBase + monitorPort, `${name} (monitor)`),
    ]),
    ...instancesOf(portBase, mode, gray).flatMap(({ name, port, httpPort }) => [
      ...claim(port, `${name} (health)`),
      ...claim(httpPort, name),
    ]),
  ];
}

/** The claims that cannot be met, each with the reason. */
export async function unmetClaims(
  claims: readonly PortClaim[],
): Promise<(PortClaim & { readonly fault: string })[]> {
  const asked = claims.map(async (claim) => {
    const fault = await portFault(claim.port, claim.host);
    return fault === undefined ? [] : [{ ...claim, fault }];
  });
  return (await Promise.all(asked)).flat();
}

/** Below the range the kernel hands out for outgoing connections. */
const BASES = { first: 20_000, count: 120, step: 100 };

/** A port base whose ports, and the edge's 99 above it, are all free at this moment. */
export async function freePortBase(): Promise<number> {
  for (let tries = 0; tries < BASES.count; tries++) {
    const base = BASES.first + Math.floor(Math.random() * BASES.count) * BASES.step;
    const edge = { port: base + 99, host: '127.0.0.1', owner: 'edge', env: 'EDGE_PORT' };
    const unmet = await unmetClaims([...portClaims(base, 'sandbox', GRAY_ROWS), edge]);
    if (unmet.length === 0) return base;
  }
  throw new Error(`no free range of ports from ${BASES.first} on`);
}
