/** What the frame of the console says, in English. */
import type { Said } from '../../words/zh-CN.ts';
import type zh from './shell.zh-CN.ts';

const en: Said<typeof zh> = {
  name: 'Console',
  menuOpen: 'Open the menu',
  menuLabel: 'Console',
  toBuyers: 'Back to the ticket shop',
  toStart: 'To the start of the console',
  signInTitle: 'Sign in first',
  signInMore: 'The console is for organisers and operators.',
  notYoursTitle: 'There is nothing here for you',
  notYoursMore: 'You are here as “{role}”, who may not see this page. Ask an operator for access.',
  role: { buyer: 'Buyer', organiser: 'Organiser', operator: 'Operator' },
  group: { sales: 'Sales', catalogue: 'Catalogue', orders: 'Orders', system: 'System' },
  menu: {
    'console-sessions': 'Sessions',
    'console-shows': 'Shows',
    'console-venues': 'Venues',
    'console-templates': 'Seat templates',
    'console-orders': 'Orders',
    'console-dead-letters': 'Dead letters',
    'console-reconcile': 'Reconciliation',
    'console-audit': 'Audit log',
    'console-nodes': 'Nodes and health',
    'console-settings': 'Settings',
  },
  no: 'Cancel',
  more: 'Load more',
  refresh: 'Refresh',
  reason: { required: 'Reason (required; kept in the audit log)', optional: 'Reason (optional)' },
  asking: 'It is asked again by itself.',
  advice: {
    UNREACHABLE: 'Check the connection and try again.',
    UNAUTHENTICATED: 'Your sign-in has ended; sign in again.',
    FORBIDDEN: 'You do not have this right.',
    NOT_FOUND: 'It may have been deleted, or is not yours.',
    BUSY: 'The system is busy; try again in a moment.',
    RATE_LIMITED: 'That was too often; wait a moment.',
    PRECONDITION_FAILED: 'Somebody changed it meanwhile; refresh, then change it again.',
    IN_USE: 'It is in use, so it cannot be changed this way.',
    VALIDATION_FAILED: 'Correct what is listed below.',
    ARBITER_AWAY: 'The seat service is recovering; try again in a moment.',
    INTERNAL: 'This is a fault of the system; tell its operators the number.',
  },
};

export default en;
