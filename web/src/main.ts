/** The pages begin here. */
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { i18n } from './i18n.ts';
import { router } from './router.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/hall.css';

createApp(App).use(createPinia()).use(router).use(i18n).mount('#app');
