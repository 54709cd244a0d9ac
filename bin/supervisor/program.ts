/**
 * What the supervisor has to know to run one program: a server, a Node process or the edge. A row
 * of data; nothing here starts anything.
 */

/** When a program is stopped: wave by wave, those of one wave together. Redis goes last. */
export const STOP_WAVES = ['edge', 'doors', 'services', 'servers', 'arbiter'] as const;
export type StopWave = (typeof STOP_WAVES)[number];

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly wave: StopWave;
  /** Asks it to finish what it has and leave. */
  readonly drainSignal: NodeJS.Signals;
  /** How long it may take to leave before it is killed; 15 s unless said otherwise. */
  readonly drainMaxMs?: number;
  /** Asked again and again until it says true; never throws. */
  readonly ready: () => Promise<boolean>;
  /** What keeps it from being ready, asked when that took too long. */
  readonly lacks?: () => Promise<string>;
  /** How long `ready` may take to say true. */
  readonly readyMs: number;
  /** Runs before the first start, e.g. to make a data directory. */
  readonly prepare?: () => Promise<void>;
  /** Further files it appends to. */
  readonly logs?: readonly string[];
  /** Made again before each start when it is gone: a server that lost its data starts empty. */
  readonly dir?: string;
}

/** An expected "this cannot be started", said in one line that names what to do. */
export class StartError extends Error {}
