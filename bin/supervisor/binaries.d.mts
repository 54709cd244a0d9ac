/** Types of binaries.mjs, which runs before TypeScript can. */
export interface ServerProgramRow {
  readonly program: string;
  readonly envs: readonly string[];
  readonly apt: readonly string[];
  readonly brew: readonly string[];
}
export const SERVER_PROGRAMS: readonly ServerProgramRow[];
export function findProgram(name: string): string | undefined;
export function findEdgeProgram(): string | undefined;
