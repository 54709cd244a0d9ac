/**
 * The settings that may change while a process runs: `live().dueBatch`, `live(sale).seatsFreshMs`.
 * Ask each time; what is copied at start stays as it was.
 *
 * A process hears the config centre through the middleware below. Without it (a tool, a test) the
 * settings are those of the start. NATS away at start: what this instance last knew, from its file
 * in the run directory; when there is none, the environment's values.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Middleware } from 'moleculer';
import { config, type LiveConfig } from '../config/index.ts';
import { configBucket } from '../contracts/config.ts';
import { ConfigWatch } from './config-watch.ts';
import { LastKnown } from './last-known.ts';
import { LiveValues, type Rank } from './live-values.ts';

/** A start waits this long for what the centre says now; what comes later is heard all the same. */
const START_MS = 1_000;

/** Everything this process knows of the config centre. */
export const liveValues = new LiveValues(config);
const listeners = new Set<() => void>();

/** What is in force now; for one session when it is named. */
export const live = (session?: string): LiveConfig => liveValues.of(session);

/** Calls `listener` after each change. @returns how to stop it */
export function onLiveChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What a process says of itself, on its health port. */
export const liveReport = (): Rank & { values: LiveConfig; sessions: number } => ({
  ...liveValues.newest,
  values: live(),
  sessions: liveValues.sessions.length,
});

/** Keeps the settings of this process as the config centre says, from its start to its end. */
export function liveConfig(instance: string): Middleware {
  let watch: ConfigWatch | undefined;
  let lastKnown: LastKnown | undefined;
  return {
    name: 'LiveConfig',

    async starting(broker) {
      const logger = broker.getLogger('config');
      const file = new LastKnown(join(config.runDir, 'config', `${instance}.json`), logger);
      lastKnown = file;
      const kept = file.read();
      if (kept) liveValues.restore(kept);
      watch = new ConfigWatch({
        url: config.natsUrl,
        bucket: configBucket(config.namespace),
        name: `${instance} config`,
        logger,
        hear(key, revision, text) {
          try {
            if (!liveValues.hear(key, revision, text)) return;
          } catch (error) {
            const { message: reason } = error as Error;
            logger.warn('What the config centre says is not taken.', { key, revision, reason });
            return;
          }
          file.save(liveValues.snapshot());
          for (const listener of listeners) listener();
        },
      });
      const late = new AbortController();
      await Promise.race([
        watch.begun,
        sleep(START_MS, undefined, { signal: late.signal }).catch(() => undefined),
      ]);
      late.abort();
    },

    async stopped() {
      await watch?.stop();
      await lastKnown?.settled();
    },
  };
}
