/** The whole road with TLS at the edge: everything that speaks to it believes its certificate. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { useStack } from '../support/stack.ts';
import { fold, openHallStream } from './hall-stream.ts';
import { buildHall, comeToBuy, openSession, plainPlan, statesOf, until } from './visitor.ts';

const system = useStack({ env: { EDGE_TLS: 'self-signed' } });
const ROOT = resolve(import.meta.dirname, '../..');

it('a seat is bought, and the provider’s webhook comes over TLS too', async () => {
  const { url } = system();
  expect(url).toMatch(/^https:/);
  const sessionId = await openSession(await buildHall(url, plainPlan(2, 6)));
  const buyer = await comeToBuy(url, sessionId);
  const stream = await openHallStream(url, sessionId);
  const before = (await buyer.get(`/sessions/${sessionId}/seats`)).body;
  const { orderId, seats } = (await buyer.lock({ best: { count: 1, tier: 'Front' } })).body;
  await buyer.pay(orderId);
  await buyer.orderIn(orderId, ['PAID']);
  const isSold = (states: string) => states[seats[0].seat] === '2';
  await until('sold', 5_000, () => statesOf(url, sessionId), isSold);
  const told = async () => fold(before, stream.events);
  await until('the hall told', 5_000, told, ({ states }) => isSold(states));
  stream.close();
});

it('a tool in another terminal finds the certificate by itself', { timeout: 60_000 }, async () => {
  const { runDir, url } = system();
  const plan = join(runDir, 'plan.json');
  writeFileSync(plan, JSON.stringify(plainPlan(2, 6)));
  const asked = ['--buyers', '5', '--lock-ms', '5000', '--plan', plan, '--json'];
  // Its environment has the run directory and nothing of ours.
  const env = { PATH: process.env.PATH!, RUN_DIR: runDir };
  const { stdout } = await promisify(execFile)(process.execPath, ['bin/rush.ts', ...asked], {
    cwd: ROOT,
    env,
  });
  expect(JSON.parse(stdout)).toMatchObject({ url, quiet: true, unanswered: 0, breaches: [] });
});

it('who does not know the certificate is not served', async () => {
  const asked = new Promise((done, failed) => {
    request(`${system().url}/healthz`, { ca: [] }, done).on('error', failed).end();
  });
  await expect(asked).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});
