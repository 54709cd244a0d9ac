/**
 * The payment provider, as we call it over HTTP. All is safe to repeat: a payment goes by our
 * paymentId, a refund by our refundId. Bodies are signed like the provider's own events.
 *
 * | call | answers |
 * |---|---|
 * | `PUT /payments/:paymentId` `{orderId, amountFen, currency, expiresAt}` | `{amountFen, state}` |
 * | `GET /payments/:paymentId` | the same |
 * | `POST /payments/:paymentId/close` `{}` | the same, `state` CLOSED unless it has the money |
 * | `PUT /refunds/:refundId` `{paymentId, amountFen}` | `{refundId}` |
 */
import type { KeyObject } from 'node:crypto';
import { refuse } from '../../contracts/errors.ts';
import { SIGNATURE_HEADER, sign } from '../../contracts/signature.ts';

export type ProviderState = 'OPEN' | 'STARTED' | 'SUCCEEDED' | 'FAILED' | 'CLOSED';
export interface ProviderPayment {
  readonly amountFen: number;
  readonly state: ProviderState;
}

export interface Provider {
  create(payment: {
    paymentId: string;
    orderId: string;
    amountFen: number;
    expiresAt: string;
  }): Promise<void>;
  /** Undefined when the provider never heard of the payment. */
  query(paymentId: string): Promise<ProviderPayment | undefined>;
  /** Undefined when the provider never heard of the payment. */
  close(paymentId: string): Promise<ProviderPayment | undefined>;
  refund(refund: { refundId: string; paymentId: string; amountFen: number }): Promise<void>;
}

/** Below 500, and yet not for good: 401 is a key that one side has and the other has not yet. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429]);

/** An answer the provider will give again however often it is asked. */
export class ProviderRefused extends Error {
  readonly status: number;
  constructor(status: number, what: string) {
    super(`the payment provider answers ${status} to ${what}`);
    this.status = status;
  }
}

/**
 * @param timeoutMs each call gives up after it, as BUSY; what the provider did by then is found by
 *   repeating the call.
 */
export function provider(url: string, key: () => KeyObject, timeoutMs: number): Provider {
  async function ask<Answer>(method: string, path: string, content: object = {}): Promise<Answer> {
    const body = method === 'GET' ? '' : JSON.stringify(content);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        [SIGNATURE_HEADER]: sign(`${method} ${path} ${body}`, key(), Date.now()),
      },
      signal: AbortSignal.timeout(timeoutMs),
      ...(method !== 'GET' && { body }),
    }).catch(() => refuse('BUSY'));
    const text = await response.text().catch(() => refuse('BUSY'));
    if (response.ok) return JSON.parse(text) as Answer;
    if (response.status < 500 && !PASSING.has(response.status))
      throw new ProviderRefused(response.status, `${method} ${path}`);
    return refuse('BUSY');
  }

  const known = async <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof ProviderRefused && error.status === 404) return undefined;
      throw error;
    }
  };
  const at = (paymentId: string) => `/payments/${encodeURIComponent(paymentId)}`;

  return {
    create: ({ paymentId, ...content }) =>
      ask('PUT', at(paymentId), { ...content, currency: 'CNY' }),
    query: (paymentId) => known(ask<ProviderPayment>('GET', at(paymentId))),
    close: (paymentId) => known(ask<ProviderPayment>('POST', `${at(paymentId)}/close`)),
    refund: ({ refundId, ...content }) =>
      ask('PUT', `/refunds/${encodeURIComponent(refundId)}`, content),
  };
}
