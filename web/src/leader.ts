/**
 * One tab of this browser leads, the others wait for their turn: it comes when the leader is closed
 * or steps back. Where a browser has no locks (pages without TLS), every tab leads for itself.
 */

/** What leading is: it begins, and ends with what it returns. */
export type Lead = () => () => void;

/** Leads as soon as nobody else does. @returns steps back, or out of the queue */
export function seekLead(name: string, lead: Lead): () => void {
  if (!canShare()) return lead();
  const wish = new AbortController();
  let stepBack = () => {};
  const led = new Promise<void>((done) => {
    stepBack = done;
  });
  const turn = async () => {
    if (wish.signal.aborted) return;
    const end = lead();
    await led;
    end();
  };
  navigator.locks.request(name, { signal: wish.signal }, turn).catch((error: unknown) => {
    if (!wish.signal.aborted) throw error;
  });
  return () => {
    wish.abort();
    stepBack();
  };
}

export const canShare = (): boolean => 'locks' in navigator && 'BroadcastChannel' in globalThis;
