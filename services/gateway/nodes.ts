/**
 * The processes as this one sees them: what the registry knows of each, and what each answers of
 * itself within a moment. One that does not answer is listed as such, and holds up nobody.
 */
import type { ServiceBroker } from 'moleculer';
import type { NodeView } from '../../contracts/admin.ts';
import type { FlowReport } from '../../contracts/flow.ts';
import { laneOf } from '../../contracts/lane.ts';

const ANSWER_MS = 1_000;

interface ListedNode {
  readonly id: string;
  readonly available: boolean;
  readonly cpu: number | null;
  readonly metadata?: Record<string, unknown>;
  readonly services?: readonly { readonly name: string }[];
}
interface NodeHealth {
  readonly process: { readonly uptime: number; readonly memory: { readonly rss: number } };
}

/** Asked by the broker: these are Moleculer's own calls, which no door has a row for. */
async function viewOf(broker: ServiceBroker, listed: ListedNode): Promise<NodeView> {
  const { id, available, cpu, metadata, services = [] } = listed;
  const names = services.map(({ name }) => name);
  const asked = async <Answer>(action: string): Promise<Answer | undefined> => {
    if (!available) return undefined;
    const options = { nodeID: id, timeout: ANSWER_MS };
    const [answer] = await Promise.allSettled([broker.call<Answer, object>(action, {}, options)]);
    return answer.status === 'fulfilled' ? answer.value : undefined;
  };
  const [health, flow] = await Promise.all([
    asked<NodeHealth>('$node.health'),
    names.includes('$flow') ? asked<FlowReport>('$flow.report') : undefined,
  ]);
  return {
    node: id,
    lane: laneOf(metadata),
    services: names.filter((name) => !name.startsWith('$')).toSorted(),
    available,
    answers: health !== undefined,
    cpuPercent: available ? cpu : null,
    uptimeMs: health ? Math.round(health.process.uptime * 1_000) : null,
    memoryBytes: health?.process.memory.rss ?? null,
    delayMs: flow?.overload.delayMs ?? null,
    shedding: flow?.overload.shedding ?? null,
  };
}

/** Every node of the registry, by its name. */
export async function nodesOf(broker: ServiceBroker): Promise<NodeView[]> {
  const nodes = await broker.call<ListedNode[], object>('$node.list', { withServices: true });
  const views = await Promise.all(nodes.map((node) => viewOf(broker, node)));
  return views.toSorted((a, b) => (a.node < b.node ? -1 : 1));
}
