/** The settings of a gray release: which processes are in the gray lane, and which requests. */
import { LANES } from '../contracts/lane.ts';
import { integer, LIVE, type Setting } from './setting.ts';

/** No list of uids is longer: it is looked through for each request. */
const UIDS = /^$|^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,199}$/;

export const GRAY_SETTINGS = {
  lane: {
    env: 'LANE',
    type: 'choice',
    default: 'stable',
    choices: LANES,
    means: 'the lane this process is in; said to one process, never to all',
  },
  gray: {
    env: 'GRAY',
    type: 'text',
    default: '',
    pattern: /^$|^[a-z-]+(,[a-z-]+)*$/,
    means: 'what npm start runs once more in the gray lane: any of rush,catalogue,order,payment',
  },
  grayPercent: integer(
    'GRAY_PERCENT',
    0,
    0,
    100,
    'how many of a hundred uids are in the gray lane; who is in at 10 is in at 50',
    LIVE,
  ),
  graySalt: {
    env: 'GRAY_SALT',
    type: 'text',
    default: 'gray',
    pattern: /^[a-z][a-z0-9-]{0,31}$/,
    live: true,
    means: 'the name of a rollout; under another name other uids are in',
  },
  grayUids: {
    env: 'GRAY_UIDS',
    type: 'text',
    default: '',
    pattern: UIDS,
    live: true,
    means: 'uids in the gray lane whatever the percentage, at most 200: u1,u2',
  },
  grayTesters: {
    env: 'GRAY_TESTERS',
    type: 'text',
    default: '',
    pattern: UIDS,
    live: true,
    means: 'uids whose header X-Lane (gray or stable) is obeyed like an operator’s, at most 200',
  },
} as const satisfies Record<string, Setting>;
