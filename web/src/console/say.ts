/** How numbers and exact moments are said in the console; money is said as everywhere. */
import { language } from '../i18n.ts';

export { money } from '../say.ts';

/** A number with its thousands set apart. */
export const count = (number: number): string =>
  new Intl.NumberFormat(language.value).format(number);

/** A moment to the second, `2026-11-26 11:40:05`, in the zone of the venues. */
export function stamp(iso: string | number, timeZone = 'Asia/Shanghai'): string {
  const form = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return form.format(new Date(iso));
}

/** A share as `12.3%`; nothing of nothing is nothing. */
export const share = (part: number, whole: number): string =>
  new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 1 }).format(
    whole === 0 ? 0 : part / whole,
  );
