/** How money, moments and names are said in the reader's language. */
import { computed } from 'vue';
import { language } from './i18n.ts';

const YUAN_FEN = 100;

export const money = (fen: number): string => `¥${(fen / YUAN_FEN).toFixed(2)}`;

/** A moment where the venue is, whatever the reader's own zone. */
export const moment = (iso: string, timeZone = 'Asia/Shanghai'): string =>
  new Intl.DateTimeFormat(language.value, {
    timeZone,
    month: language.value === 'en' ? 'short' : 'long',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    year: 'numeric',
  }).format(new Date(iso));

/** A name that may be written in English, too. */
export const inWords = <Name extends string>(
  item: { readonly [Key in Name | `${Name}En`]?: string | null },
  name: Name,
): string => {
  const english = item[`${name}En` as const];
  return (language.value === 'en' && english) || item[name] || '';
};

const pad = (n: number) => String(n).padStart(2, '0');
/** A stretch of time as `3:07`, `1:02:09`. */
export function stretch(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** The time until a deadline, never said longer than it is. */
export const left = (ms: number): string => stretch(Math.floor(ms / 1_000) * 1_000);

export const isEnglish = computed(() => language.value === 'en');
