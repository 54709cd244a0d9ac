/**
 * The house under faults: an operator who keeps seats back and gives some of them up again, while
 * everybody wants them. Each call is sent once, and a seat whose call had no answer is left alone:
 * what the operator was told last of any other must be so in the end, and from one telling to the
 * next call nobody is given a seat that is blocked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, type Client, Unanswered } from '../rush/client.ts';
import type { Stage } from '../rush/stage.ts';
import type { Random } from './random.ts';

const AWAY_MS = [200, 800] as const;
/** How often a seat that is blocked is unblocked, instead of another one being blocked. */
const UNBLOCK = 0.3;

type Told = 'blocked' | 'unblocked' | 'refused' | 'nothing';
interface HouseSeat {
  readonly sessionId: string;
  readonly seat: number;
  told: Told;
  /** Epoch ms: from when it was told blocked until it was asked to be unblocked. */
  blockedMs?: readonly [from: number, to: number];
}
interface Given {
  readonly sessionId: string;
  readonly seats: readonly number[];
  readonly orderId: string;
  readonly invokeAtMs: number;
  readonly completeAtMs: number;
}

export class House {
  readonly #client: Client;
  readonly #stages: readonly Stage[];
  readonly #seats: HouseSeat[] = [];
  readonly #given: Given[] = [];

  constructor(client: Client, stages: readonly Stage[]) {
    this.#client = client;
    this.#stages = stages;
  }

  close = (): Promise<void> => this.#client.close();

  /** How many seats were told of, by what was told last. */
  get told(): Readonly<Partial<Record<Told, number>>> {
    const counts: Partial<Record<Told, number>> = {};
    for (const { told } of this.#seats) counts[told] = (counts[told] ?? 0) + 1;
    return counts;
  }

  /** Blocks and unblocks until the client's time is over. */
  async work(token: string, random: Random): Promise<void> {
    const untouched = random.shuffled(
      this.#stages.flatMap(({ sessionId, tierOf }) =>
        [...tierOf.keys()].map((seat): HouseSeat => ({ sessionId, seat, told: 'nothing' })),
      ),
    );
    while (!this.#client.over.aborted) {
      await sleep(random.between(...AWAY_MS));
      const blocked = this.#seats.filter(({ told }) => told === 'blocked');
      if (blocked.length > 0 && random.next() < UNBLOCK)
        await this.#do('unblock', random.pick(blocked), token);
      else {
        const seat = untouched.pop();
        if (!seat) return;
        this.#seats.push(seat);
        await this.#do('block', seat, token);
      }
    }
  }

  /** A call of the buyers': of these, only fresh locks matter. */
  note({ hop, path, invokeAtMs, completeAtMs, answer }: Call): void {
    if (hop !== 'lock' || answer?.status !== 201) return;
    const { orderId, seats } = answer.body as { orderId: string; seats: { seat: number }[] };
    const sessionId = path.split('/')[2]!;
    const numbers = seats.map(({ seat }) => seat);
    this.#given.push({ sessionId, seats: numbers, orderId, invokeAtMs, completeAtMs });
  }

  async #do(deed: 'block' | 'unblock', of: HouseSeat, token: string): Promise<void> {
    const path = `/admin/sessions/${of.sessionId}/seats/${of.seat}/${deed}`;
    of.told = 'nothing';
    if (of.blockedMs) of.blockedMs = [of.blockedMs[0], Date.now()];
    try {
      const ask = { token, body: { reason: 'chaos' } };
      const { status } = await this.#client.send(undefined, 'POST', path, ask);
      of.told = status < 300 ? `${deed}ed` : 'refused';
      if (of.told === 'blocked') of.blockedMs = [Date.now(), Number.POSITIVE_INFINITY];
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  #givenThough({ sessionId, seats, orderId, invokeAtMs, completeAtMs }: Given): string[] {
    const during = (of: HouseSeat) =>
      of.blockedMs && of.blockedMs[0] <= invokeAtMs && completeAtMs <= of.blockedMs[1];
    return this.#seats
      .filter((of) => of.sessionId === sessionId && seats.includes(of.seat) && during(of))
      .map(({ seat }) => `seat ${seat} of ${sessionId} was given to ${orderId} while blocked`);
  }

  /**
   * Every seat that is not as the operator was told, and every blocked one that a buyer was given.
   * @param client one whose time is not over
   */
  async faults(client: Client, token: string): Promise<string[]> {
    const faults = this.#given.flatMap((given) => this.#givenThough(given));
    for (const { sessionId } of this.#stages) {
      const blocked = await blockedIn(client, token, sessionId);
      for (const { sessionId: of, seat, told } of this.#seats)
        if (of === sessionId && TOLD_SO.has(told) && blocked.has(seat) !== (told === 'blocked'))
          faults.push(`seat ${seat} of ${sessionId} was told ${told}, and is not`);
    }
    return faults;
  }
}
const TOLD_SO: ReadonlySet<Told> = new Set(['blocked', 'unblocked']);

async function blockedIn(client: Client, token: string, sessionId: string): Promise<Set<number>> {
  const seats = new Set<number>();
  let query: string | undefined = '?limit=100';
  while (query !== undefined) {
    const path = `/admin/sessions/${sessionId}/blocks${query}`;
    const { body } = await client.send(undefined, 'GET', path, { token });
    for (const { seat } of body.items as { seat: number }[]) seats.add(seat);
    query = body.nextCursor === null ? undefined : `?limit=100&cursor=${body.nextCursor}`;
  }
  return seats;
}
