/** What the form of a session says, in English. */
import type { Said } from '../../words/zh-CN.ts';
import type zh from './terms.zh-CN.ts';

const en: Said<typeof zh> = {
  new: 'New session',
  titleOf: 'Session of {at}',
  toShow: 'Back to the show',
  toRoom: 'To its live room',
  what: 'What, and where',
  show: 'Show',
  venue: 'Venue',
  template: 'Seat template',
  templateHelp:
    'The present version is used. Publishing freezes the plan: later versions change nothing here.',
  when: 'When',
  zone: 'All times are those of the venue ({zone}).',
  startsAt: 'Show starts',
  reservationOpensAt: 'Reservation opens',
  reservationClosesAt: 'Reservation closes',
  saleOpensAt: 'Sale opens',
  saleClosesAt: 'Sale closes',
  rules: 'Rules',
  seatsPerBuyerMax: 'Seats per buyer, at most',
  lockSeconds: 'Time to pay (seconds, 5–3600)',
  reservationRequired: 'Only who reserved may buy',
  prices: 'Prices (CNY)',
  noTiers: 'Once a seat template is chosen, each of its tiers gets a price here.',
  seats: '{n} seats',
  saveDraft: 'Save the draft',
  saveFirst: 'There are changes: save them before you publish.',
  frozen: 'Plan and terms are frozen, but its seats are not open yet. Publish once more.',
  fixed: 'Published: buyers have seen these terms. Only the start of the show may still change.',
  publish: 'Publish',
  publishTitle: 'Publish this session?',
  publishSays:
    '{venue} · {plan}, {seats} seats\nPrices: {prices}\n' +
    'Sale opens: {opens}\nSale closes: {closes}\n\n' +
    'Plan and terms cannot be changed afterwards, nor taken back. A large hall may take a while.',
  published: 'Published: buyers see it now',
  going: {
    DRAFT: 'Freezing the plan…',
    FROZEN: 'Opening the seats…',
    PUBLISHED: 'Almost done…',
  },
  fault: {
    missing: 'Is needed',
    window: 'Must be after the opening',
    price: 'An amount from 0 to 1,000,000, with at most two decimals',
  },
};

export default en;
