/** Pages about what is sold: shows, venues, plans, and the sessions as they are prepared. */
import type { ConsoleRow } from '../routes.ts';

const MANAGERS = ['organiser', 'operator'] as const;

export const catalogue: readonly ConsoleRow[] = [
  {
    path: 'shows',
    name: 'console-shows',
    page: () => import('../pages/ShowsPage.vue'),
    roles: MANAGERS,
    words: ['catalogue'],
    group: 'catalogue',
  },
  {
    path: 'shows/:id',
    name: 'console-show',
    page: () => import('../pages/ShowPage.vue'),
    roles: MANAGERS,
    words: ['catalogue'],
    under: 'console-shows',
  },
  {
    path: 'venues',
    name: 'console-venues',
    page: () => import('../pages/VenuesPage.vue'),
    roles: MANAGERS,
    words: ['catalogue'],
    group: 'catalogue',
  },
  {
    path: 'venues/:id',
    name: 'console-venue',
    page: () => import('../pages/VenuePage.vue'),
    roles: MANAGERS,
    words: ['catalogue'],
    under: 'console-venues',
  },
  {
    path: 'templates',
    name: 'console-templates',
    page: () => import('../pages/TemplatesPage.vue'),
    roles: MANAGERS,
    words: ['catalogue', 'plan'],
    group: 'catalogue',
  },
  {
    path: 'templates/new',
    name: 'console-template-new',
    page: () => import('../pages/TemplateNewPage.vue'),
    roles: MANAGERS,
    words: ['catalogue', 'plan'],
    under: 'console-templates',
  },
  {
    path: 'templates/:id',
    name: 'console-template',
    page: () => import('../pages/TemplatePage.vue'),
    roles: MANAGERS,
    words: ['catalogue', 'plan'],
    under: 'console-templates',
  },
  {
    path: 'sessions/:id/edit',
    name: 'console-session-edit',
    page: () => import('../pages/SessionEditPage.vue'),
    roles: MANAGERS,
    words: ['catalogue', 'terms'],
    under: 'console-shows',
  },
];
