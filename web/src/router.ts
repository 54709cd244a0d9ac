/** Every page by its path. The hall and all behind it are fetched when somebody goes there. */
import { nextTick } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import HomePage from './pages/HomePage.vue';

let isConsoleAdded = false;

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/', name: 'home', component: HomePage },
    {
      path: '/shows/:id',
      name: 'show',
      props: true,
      component: () => import('./pages/ShowPage.vue'),
    },
    {
      path: '/sessions/:id',
      name: 'session',
      props: true,
      component: () => import('./pages/SessionPage.vue'),
    },
    { path: '/orders', name: 'orders', component: () => import('./pages/OrdersPage.vue') },
    {
      path: '/orders/:id',
      name: 'order',
      props: true,
      component: () => import('./pages/OrderPage.vue'),
    },
    { path: '/sign-in', name: 'signIn', component: () => import('./pages/SignInPage.vue') },
    {
      // What the console is made of is not even known by name before somebody goes there.
      path: '/console/:rest(.*)*',
      name: 'console',
      component: () => import('./pages/NowherePage.vue'),
      beforeEnter: async ({ fullPath }) => {
        if (isConsoleAdded) return true;
        isConsoleAdded = true;
        const { addConsole } = await import('./console/routes.ts');
        addConsole(router);
        return fullPath;
      },
    },
    {
      path: '/:rest(.*)*',
      name: 'nowhere',
      component: () => import('./pages/NowherePage.vue'),
    },
  ],
});

/** A screen reader is taken along to the new page; the first one is where it is already. */
router.afterEach(async (to, from) => {
  if (from.matched.length === 0 || to.path === from.path) return;
  await nextTick();
  document.getElementById('main')?.focus({ preventScroll: true });
});
