/** Pages of operators: orders, dead letters, reconciliation, the audit log, nodes, settings. */
import type { Role } from '../../../../contracts/claims.ts';
import type { ConsoleRow } from '../routes.ts';

const roles: readonly Role[] = ['operator'];
const words = ['operations'];

export const operations: readonly ConsoleRow[] = [
  {
    path: 'orders',
    name: 'console-orders',
    page: () => import('../pages/OrdersPage.vue'),
    roles,
    words,
    group: 'orders',
  },
  {
    path: 'orders/:id',
    name: 'console-order',
    page: () => import('../pages/OrderPage.vue'),
    roles,
    words,
    under: 'console-orders',
  },
  {
    path: 'dead-letters',
    name: 'console-dead-letters',
    page: () => import('../pages/DeadLettersPage.vue'),
    roles,
    words,
    group: 'orders',
  },
  {
    path: 'dead-letters/:id',
    name: 'console-dead-letter',
    page: () => import('../pages/DeadLetterPage.vue'),
    roles,
    words,
    under: 'console-dead-letters',
  },
  {
    path: 'reconcile',
    name: 'console-reconcile',
    page: () => import('../pages/ReconcilePage.vue'),
    roles,
    words,
    group: 'orders',
  },
  {
    path: 'audit',
    name: 'console-audit',
    page: () => import('../pages/AuditPage.vue'),
    roles,
    words,
    group: 'system',
  },
  {
    path: 'nodes',
    name: 'console-nodes',
    page: () => import('../pages/NodesPage.vue'),
    roles,
    words,
    group: 'system',
  },
  {
    path: 'settings',
    name: 'console-settings',
    page: () => import('../pages/SettingsPage.vue'),
    roles,
    words: ['operations', 'settings'],
    group: 'system',
  },
  {
    path: 'settings/:setting',
    name: 'console-setting',
    page: () => import('../pages/SettingPage.vue'),
    roles,
    words: ['operations', 'settings'],
    under: 'console-settings',
  },
  {
    path: 'settings-diff',
    name: 'console-settings-diff',
    page: () => import('../pages/SettingsDiffPage.vue'),
    roles,
    words: ['operations', 'settings'],
    under: 'console-settings',
  },
];
