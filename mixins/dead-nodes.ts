/**
 * How calls fare when a node dies without a word. NATS does not tell, heartbeats tell after fifteen
 * seconds, and until then half the calls to a pair of nodes go into the void. So:
 *
 * - a call that times out casts suspicion: all nodes are pinged, and a suspect that stays silent
 * while others answer is taken for dead. Its calls fail at once, so those that may be repeated
 * are, elsewhere. If it was only slow, its next heartbeat brings it back.
 * - the calls that wait for a process that was restarted fail when its successor is heard.
 * - a heartbeat says which run of a node it is of, and which list of services: whoever missed the
 * news asks for it. Over NATS Moleculer's own says neither: what was missed is missed for ever.
 */
import type { Context, Middleware, ServiceBroker } from 'moleculer';

/** How long a node may take to answer a ping before it is taken for dead. */
const SILENT_MS = 1_000;

interface RunningNode {
  readonly id: string;
  readonly instanceID: string;
}
/** What of Moleculer's inside is needed here; its types leave it out. */
interface Inside {
  readonly transit?: {
    removePendingRequestByNodeID(nodeID: string): void;
    publish(packet: unknown): Promise<unknown>;
    sendHeartbeat(local: LocalNode): Promise<unknown>;
  };
  readonly registry: {
    readonly nodes: { disconnected(nodeID: string, unexpected: boolean): void };
  };
}
interface LocalNode extends RunningNode {
  readonly cpu: number;
  /** Counts the changes of its list of services. */
  readonly seq: number;
}
type Pongs = Readonly<Record<string, object | null>>;
type Next = (ctx: Context) => Promise<unknown>;

export function deadNodes(): Middleware {
  const suspects = new Set<string>();
  return {
    name: 'DeadNodes',
    created(broker) {
      failCallsToFormerRuns(broker);
      sayWhichServices(broker);
    },
    remoteAction(next) {
      const call = next as Next;
      return (ctx: Context) =>
        call(ctx).catch((error: Error & { type?: string }) => {
          if (error.type === 'REQUEST_TIMEOUT' && ctx.nodeID && !suspects.has(ctx.nodeID))
            suspect(this, ctx.nodeID, suspects).catch((reason: Error) =>
              this.logger.error('A suspicion could not be settled.', reason),
            );
          throw error;
        });
    },
  };
}

async function suspect(
  broker: ServiceBroker,
  nodeID: string,
  suspects: Set<string>,
): Promise<void> {
  suspects.add(nodeID);
  try {
    const pongs = (await broker.ping(undefined, SILENT_MS)) as unknown as Pongs;
    // When nobody answers it is the network that is gone, and nobody is to blame.
    const others = Object.values(pongs).some((pong) => pong !== null);
    if (pongs[nodeID] !== null || !others) return;
    broker.logger.warn(`Node ${nodeID} does not answer and is taken for dead.`);
    (broker as unknown as Inside).registry.nodes.disconnected(nodeID, true);
  } finally {
    suspects.delete(nodeID);
  }
}

function failCallsToFormerRuns(broker: ServiceBroker): void {
  const runs = new Map<string, string>();
  const heard = ({ node }: { node: RunningNode }) => {
    const former = runs.get(node.id);
    runs.set(node.id, node.instanceID);
    if (former === undefined || former === node.instanceID) return;
    (broker as unknown as Inside).transit?.removePendingRequestByNodeID(node.id);
  };
  broker.localBus.on('$node.connected', heard);
  broker.localBus.on('$node.updated', heard);
}

function sayWhichServices(broker: ServiceBroker): void {
  const { transit } = broker as unknown as Inside;
  if (!transit) return;
  transit.sendHeartbeat = async ({ cpu, seq, instanceID }) => {
    try {
      // Who hears it and knows another seq or instanceID asks the node for its list.
      const payload = { cpu, seq, instanceID };
      await transit.publish({ type: 'HEARTBEAT', target: null, payload });
    } catch (error) {
      broker.logger.debug('A heartbeat could not be sent.', error as Error);
    }
  };
}
