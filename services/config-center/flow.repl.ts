/**
 * What an operator types to see flow control at work: `flow` for every process, `flow rush-1` for
 * one. The rules themselves are a setting: `config set flowRules '[…]' --reason "…"`.
 */
import type { Caller } from '../../contracts/actions.ts';
import type { FlowReport } from '../../contracts/flow.ts';

interface ListedNode {
  readonly id: string;
  readonly available: boolean;
  readonly services: readonly { readonly name: string }[];
}

/** The processes that have flow control; an operator's own has none. */
async function nodesOf(caller: Caller): Promise<string[]> {
  const nodes = await caller.call<ListedNode[], object>('$node.list', { withServices: true });
  const running = nodes.filter(({ available }) => available);
  return running
    .filter(({ services }) => services.some(({ name }) => name === '$flow'))
    .map(({ id }) => id)
    .toSorted();
}

async function reportOf(caller: Caller, nodeID: string): Promise<FlowReport | undefined> {
  try {
    return await caller.call<FlowReport, object>('$flow.report', {}, { nodeID });
  } catch {
    return undefined; // it has just gone: what it did goes with it
  }
}

export const commands = [
  {
    command: 'flow [node]',
    description: 'what the flow rules let by and turned away, and who cannot keep up',
    alias: 'fl',
    options: [],
    async action(caller: Caller, { node }: { node?: string }) {
      const names = node === undefined ? await nodesOf(caller) : [node];
      const reports = await Promise.all(
        names.map(async (name) => ({ name, report: await reportOf(caller, name) })),
      );
      const known = reports.flatMap(({ name, report }) => (report ? [{ name, report }] : []));
      return {
        rules: known.flatMap(({ name, report }) =>
          report.rules.map((rule) => ({ node: name, ...rule })),
        ),
        overload: known.map(({ name, report }) => ({
          node: name,
          revision: report.revision,
          ...report.overload,
        })),
      };
    },
  },
];
