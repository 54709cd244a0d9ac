/**
 * The pages of the console: where each is, who may see it, whose words it says. The rows stand in
 * `routes/`, one file for each part of the console; the menu is made of the same rows.
 */
import type { Component } from 'vue';
import type { RouteRecordRaw, Router } from 'vue-router';
import type { Role } from '../../../contracts/claims.ts';
import { catalogue } from './routes/catalogue.ts';
import { operations } from './routes/operations.ts';
import { sales } from './routes/sales.ts';
import { learn } from './words.ts';

export type Group = 'sales' | 'catalogue' | 'orders' | 'system';
export const GROUPS: readonly Group[] = ['sales', 'catalogue', 'orders', 'system'];

export interface ConsoleRow {
  /** Below `/console/`. */
  readonly path: string;
  /** Unique, `console-…`; a menu entry is called `shell.menu.<name>`. */
  readonly name: string;
  readonly page: () => Promise<{ default: Component }>;
  readonly roles: readonly Role[];
  /** Files of `words/` beside the shell's. */
  readonly words: readonly string[];
  /** Stands in the menu, under this heading. */
  readonly group?: Group;
  /** Which menu entry is lit while one is here, when it is not its own. */
  readonly under?: string;
}

export const ROWS: readonly ConsoleRow[] = [...sales, ...catalogue, ...operations];

declare module 'vue-router' {
  interface RouteMeta {
    /** A page of the console; absent on the pages of buyers. */
    readonly row?: ConsoleRow;
  }
}

/** Where the menu of a role begins. */
const FIRST = ROWS.find(({ group }) => group !== undefined)!;

const recordOf = (row: ConsoleRow): RouteRecordRaw => ({
  path: row.path,
  name: row.name,
  component: row.page,
  props: true,
  meta: { row },
});

export function addConsole(router: Router): void {
  router.addRoute({
    path: '/console',
    component: () => import('./ConsolePage.vue'),
    redirect: { name: FIRST.name },
    children: ROWS.map(recordOf),
  });
  router.beforeResolve(async ({ meta: { row } }) => {
    if (row) await learn(['shell', ...row.words]);
  });
}
