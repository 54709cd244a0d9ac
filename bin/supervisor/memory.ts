/**
 * What a running system costs: resident memory by program, its children included.
 */
import { residentBytes } from './process-table.ts';
import type { Supervisor } from './supervisor.ts';

/** Resident bytes by program, in the order of their start; 0 for one between two lives. */
export function memoryOf(supervisor: Supervisor): Map<string, number> {
  const pids = new Map(supervisor.names().map((name) => [name, supervisor.pidOf(name)]));
  const bytes = residentBytes([...pids.values()].filter((pid) => pid !== undefined));
  return new Map([...pids].map(([name, pid]) => [name, bytes.get(pid ?? 0) ?? 0]));
}
