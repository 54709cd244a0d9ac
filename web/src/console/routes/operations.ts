/** Pages of operators: orders, dead letters, reconciliation, the audit log, nodes, settings. */
import type { ConsoleRow } from '../routes.ts';

export const operations: readonly ConsoleRow[] = [];
