/**
 * The one engine behind every state machine of the project. A machine is a table of moves; the
 * engine answers from the table and refuses a table that could strand somebody in a state.
 */

/** One allowed move: from a state, by a cause, to a state. */
export interface Move<State extends string, Cause extends string> {
  readonly from: State;
  readonly by: Cause;
  readonly to: State;
}

export interface MachineTable<State extends string, Cause extends string> {
  readonly name: string;
  readonly initial: State;
  /**
   * `end`: nothing leaves it. `waiting`: somebody must act, so a clock must be able to leave it.
   */
  readonly states: Readonly<Record<State, 'start' | 'waiting' | 'end'>>;
  /** The causes that time alone brings about. Every waiting state must have one. */
  readonly clocks: readonly Cause[];
  readonly moves: readonly Move<State, Cause>[];
}

export interface Machine<State extends string, Cause extends string> {
  readonly name: string;
  readonly initial: State;
  readonly states: readonly State[];
  readonly moves: readonly Move<State, Cause>[];
  /** The state that `by` leads to, or undefined when the table has no such move. */
  next(from: State, by: Cause): State | undefined;
  /** Every state that `by` may leave: the guard of an `UPDATE … WHERE state IN (…)`. */
  sourcesOf(by: Cause): readonly State[];
  /** True when nothing leaves the state. */
  isEnd(state: State): boolean;
  /** True when the sequence of states starts at `initial` and every step is a move of the table. */
  isPath(states: readonly State[]): boolean;
}

/**
 * Builds a machine from its table.
 * @throws Error naming the fault when the table is wrong (see {@link faultsOf}).
 */
export function machine<State extends string, Cause extends string>(
  table: MachineTable<State, Cause>,
): Machine<State, Cause> {
  const faults = faultsOf(table);
  if (faults.length > 0) throw new Error(`machine ${table.name}: ${faults.join('; ')}`);
  const next = (from: State, by: Cause) =>
    table.moves.find((move) => move.from === from && move.by === by)?.to;
  return {
    name: table.name,
    initial: table.initial,
    states: Object.keys(table.states) as State[],
    moves: table.moves,
    next,
    sourcesOf: (by) => table.moves.filter((move) => move.by === by).map((move) => move.from),
    isEnd: (state) => table.states[state] === 'end',
    isPath: (path) =>
      path[0] === table.initial &&
      path
        .slice(1)
        .every((to, i) => table.moves.some((move) => move.from === path[i] && move.to === to)),
  };
}

/** Everything wrong with a table, in words: empty when it may be used. */
export function faultsOf<State extends string, Cause extends string>(
  table: MachineTable<State, Cause>,
): string[] {
  const faults: string[] = [];
  const states = Object.keys(table.states) as State[];
  const seen = new Set<string>();
  for (const { from, by, to } of table.moves) {
    if (!(from in table.states)) faults.push(`unknown state ${from}`);
    if (!(to in table.states)) faults.push(`unknown state ${to}`);
    if (seen.has(`${from} ${by}`)) faults.push(`${from} has two moves by ${by}`);
    seen.add(`${from} ${by}`);
  }
  const reached = reachable(table);
  for (const state of states) {
    const leaving = table.moves.filter((move) => move.from === state);
    const kind = table.states[state];
    if (!reached.has(state)) faults.push(`${state} cannot be reached`);
    if (kind === 'end' && leaving.length > 0) faults.push(`${state} is an end, yet has moves`);
    if (kind !== 'end' && leaving.length === 0) faults.push(`${state} has no way out`);
    if (kind === 'waiting' && !leaving.some((move) => table.clocks.includes(move.by)))
      faults.push(`${state} waits, and no clock leaves it`);
  }
  return faults;
}

function reachable<State extends string>(table: MachineTable<State, string>): Set<State> {
  const reached = new Set<State>([table.initial]);
  for (const state of reached)
    for (const move of table.moves) if (move.from === state) reached.add(move.to);
  return reached;
}
