/** The moves of seats, replayed from their messages: each seat's life, and the hall it leads to. */
interface MovedMessage {
  readonly type: string;
  readonly version: number;
  readonly orderId: string;
  readonly to: string;
  readonly seats: readonly (number | { readonly seat: number })[];
}
interface Lived {
  readonly mark: string;
  readonly by: string;
}

/** What a seat must have been before a move, and what it is afterwards. */
const MOVES: Readonly<Record<string, { from: string; own: boolean }>> = {
  'locked 1': { from: '0', own: false },
  'sold 2': { from: '1', own: true },
  'released 0': { from: '12', own: true },
  'blocked 2': { from: '0', own: false },
  'restored 1': { from: '0', own: false },
  'restored 2': { from: '01', own: false },
};

/**
 * Replays messages over a hall of free seats.
 * @returns the marks they lead to, and everything that no seat may live through, in words
 */
export function replay(
  hall: string,
  messages: readonly MovedMessage[],
): { marks: string; faults: string[] } {
  const seats = [...hall].map((mark): Lived => ({ mark, by: '' }));
  const faults: string[] = [];
  messages.forEach(({ type, version, orderId, to, seats: moved }, i) => {
    if (version !== i + 1) faults.push(`version ${version} follows ${i}`);
    const move = MOVES[`${type} ${to}`];
    if (!move) faults.push(`${type} leads to ${to}`);
    for (const one of moved) {
      const at = typeof one === 'number' ? one : one.seat;
      const { mark, by } = seats[at] ?? { mark: 'no seat', by: '' };
      const own = move?.own || mark !== '0';
      if (!move?.from.includes(mark) || (own && by !== orderId))
        faults.push(`${orderId} has ${at} ${type}, which was ${mark} by ${by || 'nobody'}`);
      seats[at] = { mark: to, by: orderId };
    }
  });
  return { marks: seats.map(({ mark }) => mark).join(''), faults };
}
