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
    health: {
      visibility: 'public',
      handler: () => (needed ? { ok: true } : { ok: false, missing: ['the need'] }),
    },
    need: {
      visibility: 'public',
      handler() {
        needed = true;
      },
    },
    read: {
      visibility: 'public',
      timeout: 1_000,
      retryPolicy: { enabled: true },
      async handler() {
        await sleep(5);
        return process.pid;
      },
    },
    slow: {
      visibility: 'public',
      params: { $$strict: true, ms: 'number' },
      async handler(ctx: Context<{ ms: number }>) {
        await sleep(ctx.params.ms);
        return 'done';
      },
    },
    hang: {
      visibility: 'public',
      handler() {
        hanging = true;
      },
    },
    bug: {
      visibility: 'public',
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
