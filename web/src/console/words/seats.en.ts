/** What the page of a sale's seats says, in English. */
import type { Said } from '../../words/zh-CN.ts';
import type zh from './seats.zh-CN.ts';

const en: Said<typeof zh> = {
  AVAILABLE: 'Free',
  LOCKED: 'Locked',
  SOLD: 'Sold',
  number: 'Number',
  holder: 'Held by',
  order: 'Order',
  deadline: 'To be paid by',
  history: 'Every order it had',
  noHistory: 'No order ever had this seat.',
  operatorsOnly: 'Who has it, and who had it, is for operators.',
  free: 'Release the seat',
  freeTitle: 'Release {label}?',
  freeSays:
    'The unpaid order that has it is cancelled, and all the seats of that order go back on sale ' +
    'at once; money that still arrives is given back.',
  freeYes: 'Cancel the order and release',
  freed: '{label} was released and goes back on sale',
  selected: '{n} seats selected',
  clear: 'Clear',
  list: 'Selected seats',
  listedOf: '{n} of {total} are listed',
  freeAll: 'Release the {n} locked seats',
  freeAllTitle: 'Release {n} locked seats?',
  freeAllSays:
    'The unpaid orders that have them are cancelled one after the other, and all seats of each ' +
    'go back on sale, selected or not. Seats that are being paid for or sold stay as they are.',
  freeAllYes: 'Release {n} seats',
  progress: 'Progress of the release',
  freeing: 'Releasing {done}/{total}',
  freeDone: 'Done {done}/{total}',
  freedOf: '{freed} seats released, {refused} not',
  freedOrder: '{n} seats released',
  stop: 'Stop',
  find: 'Find a seat',
  findHint: 'Stalls A-12, A 12 or #345',
  found: '{n} seats found',
  foundNone: 'There is no such seat.',
  mode: 'What the pointer does',
  modeLook: 'Look',
  modeBox: 'Select',
  help:
    'Click a seat to look at it; drag with Shift, or in “Select”, to choose many; arrow keys go ' +
    'from seat to seat, Enter looks.',
  choose: 'Click a seat on the map, or draw a box around many.',
};

export default en;
