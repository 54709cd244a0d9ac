/**
 * Carries a schedule out: strikes at the moment given, cures after the time given, and at the end
 * cures whatever is left. What could not be done (a message to an arbiter that is down) is noted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Strike } from './schedule.ts';
import { type Cure, STRIKES, type World } from './strikes.ts';

/** A strike as it happened. */
export interface Struck extends Strike {
  /** Epoch ms. */
  readonly struckAtMs: number;
  /** Why it could not be done. */
  readonly missed?: string;
}

const HEAL_MS = 60_000;
const AGAIN_MS = 500;

export class Nemesis {
  readonly #world: World;
  readonly #tell: (struck: Struck) => void;
  readonly #cures = new Set<Cure>();
  readonly struck: Struck[] = [];

  /** @param tell hears of each strike as it happens */
  constructor(world: World, tell: (struck: Struck) => void) {
    this.#world = world;
    this.#tell = tell;
  }

  /** Strikes by the schedule until it is done or called off; the strikes overlap as they may. */
  async run(schedule: readonly Strike[], signal: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    const under: Promise<void>[] = [];
    for (const strike of schedule) {
      const waitMs = strike.atMs - (performance.now() - startedMs);
      await sleep(Math.max(waitMs, 0), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      under.push(this.#strike(strike, signal));
    }
    await Promise.all(under);
  }

  /**
   * Undoes everything that is still wrong, and waits until every program is well.
   * @returns why a program is not
   */
  async heal(): Promise<string[]> {
    const untilMs = performance.now() + HEAL_MS;
    while (this.#cures.size > 0 && performance.now() < untilMs)
      for (const cure of [...this.#cures]) if (!(await this.#cure(cure))) await sleep(AGAIN_MS);
    const { supervisor } = this.#world.stack;
    const waits = supervisor.names().map((name) => supervisor.waitReady(name, HEAL_MS));
    const ends = await Promise.allSettled(waits);
    return ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason.message)] : []));
  }

  async #strike(strike: Strike, signal: AbortSignal): Promise<void> {
    const struckAtMs = Date.now();
    const note = (missed?: string) => {
      const struck = { ...strike, struckAtMs, ...(missed !== undefined && { missed }) };
      this.struck.push(struck);
      this.#tell(struck);
    };
    try {
      const cure = await STRIKES[strike.fault](this.#world, strike);
      note();
      if (!cure) return;
      this.#cures.add(cure);
      await sleep(strike.lastsMs, undefined, { signal }).catch(() => undefined);
      await this.#cure(cure);
    } catch (error) {
      note((error as Error).message);
    }
  }

  /** @returns false when it did not work: it is tried again at the end */
  async #cure(cure: Cure): Promise<boolean> {
    try {
      await cure();
      this.#cures.delete(cure);
      return true;
    } catch (error) {
      process.emitWarning(`a cure did not work yet: ${(error as Error).message}`);
      return false;
    }
  }
}
