/** What the page of a sale's seats says, in English. */
import type { Said } from '../../words/zh-CN.ts';
import type zh from './seats.zh-CN.ts';

const en: Said<typeof zh> = {
  AVAILABLE: 'Free',
  LOCKED: 'Locked',
  SOLD: 'Sold',
  BLOCKED: 'Blocked',
  number: 'Number',
  holder: 'Held by',
  order: 'Order',
  deadline: 'To be paid by',
  blockedBy: 'Blocked by',
  blockedAt: 'Blocked at',
  why: 'Reason',
  history: 'Every order it had',
  noHistory: 'No order ever had this seat.',
  blocks: 'When it was blocked',
  until: 'until {at} by {by}: {reason}',
  operatorsOnly: 'Who has it, and who had it, is for operators.',
  deeds: {
    free: {
      one: 'Release the seat',
      oneTitle: 'Release {label}?',
      oneSays:
        'The unpaid order that has it is cancelled, and all the seats of that order go back on ' +
        'sale at once; money that still arrives is given back.',
      oneYes: 'Cancel the order and release',
      oneDone: '{label} was released and goes back on sale',
      all: 'Release the {n} locked seats',
      allTitle: 'Release {n} locked seats?',
      allSays:
        'The unpaid orders that have them are cancelled one after the other, and all seats of ' +
        'each go back on sale, selected or not. Seats that are being paid for or sold stay as ' +
        'they are.',
      allYes: 'Release {n} seats',
      running: 'Releasing {done}/{total}',
      sum: '{n} seats released, {refused} not',
      did: '{n} seats released',
    },
    block: {
      one: 'Block the seat',
      oneTitle: 'Block {label}?',
      oneSays: 'It is taken off sale until it is unblocked; buyers see it as sold.',
      oneYes: 'Block',
      oneDone: '{label} is blocked',
      all: 'Block the {n} free seats',
      allTitle: 'Block {n} free seats?',
      allSays:
        'They are taken off sale until they are unblocked; buyers see them as sold. A seat that ' +
        'is locked in the meantime stays as it is.',
      allYes: 'Block {n} seats',
      running: 'Blocking {done}/{total}',
      sum: '{n} seats blocked, {refused} not',
      did: 'blocked',
    },
    unblock: {
      one: 'Unblock the seat',
      oneTitle: 'Unblock {label}?',
      oneSays: 'It goes back on sale at once.',
      oneYes: 'Unblock',
      oneDone: '{label} goes back on sale',
      all: 'Unblock the {n} blocked seats',
      allTitle: 'Unblock {n} blocked seats?',
      allSays: 'They go back on sale at once.',
      allYes: 'Unblock {n} seats',
      running: 'Unblocking {done}/{total}',
      sum: '{n} seats unblocked, {refused} not',
      did: 'unblocked',
    },
  },
  selected: '{n} seats selected',
  clear: 'Clear',
  list: 'Selected seats',
  listedOf: '{n} of {total} are listed',
  progress: 'Progress',
  done: 'Done {done}/{total}',
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
