/** What the pages of sales say, in English. */
import type { Said } from '../../words/zh-CN.ts';
import type zh from './room.zh-CN.ts';

const en: Said<typeof zh> = {
  title: 'Sessions',
  lead: 'The sessions you manage; the room shows a sale live and pauses or resumes it.',
  none: 'No session yet.',
  show: 'Show',
  starts: 'Starts',
  opens: 'Sale opens',
  state: 'State',
  left: 'Left / total',
  enter: 'Room',
};

export default en;
