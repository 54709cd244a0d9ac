/** Pages about what is sold: shows, venues, plans, and the sessions as they are prepared. */
import type { ConsoleRow } from '../routes.ts';

export const catalogue: readonly ConsoleRow[] = [];
