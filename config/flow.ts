/** The settings of flow control; part of the table in `schema.ts`. */
import { FLOW_RULES } from '../contracts/flow.ts';
import { integer, LIVE } from './setting.ts';

export const FLOW_SETTINGS = {
  flowRules: {
    env: 'FLOW_RULES',
    type: 'flowRules',
    default: JSON.stringify(FLOW_RULES),
    live: true,
    means: 'the rules of flow control, a JSON list: contracts/flow.ts',
  },
  shedDelayMs: integer(
    'SHED_DELAY_MS',
    30,
    5,
    60_000,
    'a process whose event loop is this late for half a second on end turns away what it may',
    LIVE,
  ),
} as const;
