/**
 * A payment service and the sandbox provider, with HTTP between them in both directions: what the
 * tests of paying share.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServiceSchema } from 'moleculer';
import { freePortBase } from '../../bin/supervisor/ports.ts';
import type { Locked, Node } from './order.support.ts';

/** The edge: hands webhooks to the payment service, or answers what it is told to. */
export const door = { answer: 0, bodies: [] as string[], signatures: [] as string[] };
/** The node that pays, and the provider; a test may start either again. */
export const nodes = {} as { payments: Node; provider: Node };
const edge = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks).toString();
    const signature = String(request.headers['x-signature']);
    door.bodies.push(raw);
    door.signatures.push(signature);
    if (door.answer !== 0) return response.writeHead(door.answer).end();
    return nodes.payments.ask('payment.event', { raw, signature }).then(
      () => response.writeHead(200).end('{}'),
      (error: { code?: number }) => response.writeHead(error.code ?? 500).end('{}'),
    );
  });
});
await new Promise<void>((resolve) => {
  edge.listen(0, '127.0.0.1', resolve);
});
process.env.PUBLIC_URL = `http://127.0.0.1:${(edge.address() as AddressInfo).port}`;
process.env.INSTANCE = 'sandbox-1';
process.env.PORT_BASE = String(await freePortBase());
// a rotation is under way: the first key signs, both are believed
const secret = () => randomBytes(32).toString('base64url');
process.env.PRIVATE_WEBHOOK_KEYS = `next:${secret()},last:${secret()}`;

const { leave, lockOf, soon, startNode, stateOf } = await import('./order.support.ts');
const { createOrders } = await import('../../services/order/creation.ts');
const { default: payment } = await import('../../services/payment/payment.service.ts');
const { default: sandbox } = await import('../../services/sandbox/sandbox.service.ts');

export const startPayments = () => startNode([payment as ServiceSchema]);
export const startProvider = () => startNode([], 'provider', [sandbox as ServiceSchema]);

export async function startBoth(): Promise<void> {
  nodes.payments = await startPayments();
  nodes.provider = await startProvider();
}
export async function endBoth(): Promise<void> {
  await leave(nodes.payments, nodes.provider);
  edge.close();
}

export async function locked(uid: string, changes: Partial<Locked> = {}): Promise<Locked> {
  const lock = lockOf(uid, [1], changes);
  await createOrders([lock]);
  return lock;
}
export const open = (lock: Locked, idempotencyKey?: string) => {
  const meta: { $statusCode?: number } = {};
  const params = { orderId: lock.orderId, ...(idempotencyKey && { idempotencyKey }) };
  return nodes.payments
    .ask('payment.open', params, lock.uid, meta as never)
    .then((view) => ({ ...view, status: meta.$statusCode }));
};
export const pathTo = (orderId: string, state: string) => soon(() => stateOf(orderId)).toBe(state);
