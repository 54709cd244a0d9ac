/**
 * Tests by altitude, cheap to dear: pure ones first and all at once, then those that share one set
 * of private servers, then whole systems, one after the other.
 */
import { defineConfig } from 'vitest/config';

const SECOND = 1_000;
/** Vitest sets a MODE of its own, which is no mode of ours. */
const env = { MODE: 'sandbox' };
const include = (...altitudes: string[]) => altitudes.map((name) => `test/${name}/**/*.test.ts`);

export default defineConfig({
  test: {
    // Projects run in the order of `groupOrder`: nothing dear starts beside something cheap.
    projects: [
      {
        test: {
          name: 'pure',
          env,
          include: include('tidy', 'unit', 'model'),
          testTimeout: 20 * SECOND,
          hookTimeout: 60 * SECOND,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'real',
          env,
          include: include('lua', 'service', 'edge'),
          globalSetup: 'test/support/setup.ts',
          testTimeout: 30 * SECOND,
          hookTimeout: 60 * SECOND,
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'flow',
          env,
          include: include('flow', 'failure'),
          testTimeout: 120 * SECOND,
          hookTimeout: 120 * SECOND,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'web',
          env,
          include: include('web'),
          testTimeout: 60 * SECOND,
          hookTimeout: 120 * SECOND,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'chaos',
          env,
          include: include('chaos'),
          testTimeout: 480 * SECOND,
          hookTimeout: 60 * SECOND,
          fileParallelism: false,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
