/**
 * The last-known-good file of a process: what the config centre had said when it was last heard,
 * for a start while NATS is away. Written whole or not at all; lost, it costs nothing but that.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'moleculer';
import type { Snapshot } from './live-values.ts';

export class LastKnown {
  readonly #path: string;
  readonly #logger: Logger;
  #saving: Promise<void> | undefined;
  #next: Snapshot | undefined;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** What the last run knew; undefined when nobody can say. */
  read(): Snapshot | undefined {
    try {
      const kept = JSON.parse(readFileSync(this.#path, 'utf8')) as Snapshot;
      if (typeof kept?.entries !== 'object' || kept.entries === null)
        throw new Error('it holds something else');
      return kept;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT')
        this.#logger.warn('The last known configuration cannot be read.', { reason: message });
      return undefined;
    }
  }

  /** Writes soon; of several at once, the last. */
  save(snapshot: Snapshot): void {
    this.#next = snapshot;
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
  }

  /** Resolves when everything saved is on disk. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #write(): Promise<void> {
    const draft = `${this.#path}.new`;
    while (this.#next) {
      const text = JSON.stringify(this.#next);
      this.#next = undefined;
      try {
        mkdirSync(dirname(this.#path), { recursive: true });
        await writeFile(draft, text);
        await rename(draft, this.#path);
      } catch (error) {
        const { message: reason } = error as Error;
        this.#logger.warn('The last known configuration cannot be written.', { reason });
      }
    }
  }
}
