/** What a report says of the books, as a word that the console has a sentence for. */
const WORDS: Readonly<Record<string, string>> = {
  'live seat without a claim': 'claimless',
  'claim of an order that is not alive': 'claim',
  'blocked seat without a claim': 'blocked',
  'quota that is not the seats of live orders': 'quota',
  'paid order without its money': 'unpaid',
  'money that neither paid nor went back': 'stranded',
  'payment with two amounts': 'amounts',
  'refund that is not given': 'refund',
  'books that could not be read': 'unread',
};

/** Undefined for a fault that is new: then it is shown as it is. */
export const wordOfFault = (fault: string): string | undefined => WORDS[fault];
