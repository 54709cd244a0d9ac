/** Pages about sales that are on: the sessions, the room of one, its seats. */
import type { ConsoleRow } from '../routes.ts';

export const sales: readonly ConsoleRow[] = [
  {
    path: 'sessions',
    name: 'console-sessions',
    page: () => import('../pages/SessionsPage.vue'),
    roles: ['organiser', 'operator'],
    words: ['room'],
    group: 'sales',
  },
  {
    path: 'sessions/:id',
    name: 'console-room',
    page: () => import('../pages/RoomPage.vue'),
    roles: ['organiser', 'operator'],
    words: ['room'],
    under: 'console-sessions',
  },
  {
    path: 'sessions/:id/seats',
    name: 'console-seats',
    page: () => import('../pages/SeatsPage.vue'),
    roles: ['organiser', 'operator'],
    words: ['room', 'seats'],
    under: 'console-sessions',
  },
];
