/**
 * A service to be started, asked, drained and killed by the tests of the broker's configuration.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context, ServiceSchema } from 'moleculer';

let needed = false;
let hanging = false;

const schema: ServiceSchema = {
  name: 'trial',
  actions: {
    health: { handler: () => (needed ? { ok: true } : { ok: false, missing: ['the need'] }) },
    need: {
      handler() {
        needed = true;
      },
    },
    read: {
      timeout: 1_000,
      retryPolicy: { enabled: true },
      async handler() {
        await sleep(5);
        return process.pid;
      },
    },
    slow: {
      params: { $$strict: true, ms: 'number' },
      async handler(ctx: Context<{ ms: number }>) {
        await sleep(ctx.params.ms);
        return 'done';
      },
    },
    hang: {
      handler() {
        hanging = true;
      },
    },
    bug: {
      handler() {
        setImmediate(() => {
          throw new Error('a bug of the trial');
        });
      },
    },
  },
  async stopped() {
    if (hanging) await new Promise(() => undefined);
  },
};

export default schema;
