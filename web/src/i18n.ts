/** The language of the pages: Chinese unless somebody chose English, here or in another tab. */
import { watch } from 'vue';
import { createI18n } from 'vue-i18n';
import en from './words/en.ts';
import zh, { type Words } from './words/zh-CN.ts';

export type Language = 'zh-CN' | 'en';
const KEPT = 'hotseat.language';

const kept = (): Language => (localStorage.getItem(KEPT) === 'en' ? 'en' : 'zh-CN');

export const i18n = createI18n<[Words], Language, false>({
  legacy: false,
  locale: kept(),
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh, en },
});

export const language = i18n.global.locale;
export const turnLanguage = (): void => {
  language.value = language.value === 'en' ? 'zh-CN' : 'en';
};
watch(
  language,
  (chosen) => {
    localStorage.setItem(KEPT, chosen);
    document.documentElement.lang = chosen;
  },
  { immediate: true },
);
