/**
 * The words of the console, fetched with the pages that say them. An area is a pair of files
 * `words/<area>.zh-CN.ts` and `words/<area>.en.ts`, and what it says begins with its name.
 */
import { i18n, type Language } from '../i18n.ts';

const LANGUAGES: readonly Language[] = ['zh-CN', 'en'];
const files = import.meta.glob<{ default: Record<string, unknown> }>('./words/*.ts');
const known = new Map<string, Promise<unknown>>();

async function fetchArea(area: string): Promise<void> {
  await Promise.all(
    LANGUAGES.map(async (language) => {
      const { default: words } = await files[`./words/${area}.${language}.ts`]!();
      i18n.global.mergeLocaleMessage(language, { [area]: words });
    }),
  );
}

/** Ready when the words of these areas may be said, in either language. */
export async function learn(areas: readonly string[]): Promise<void> {
  const learning = areas.map((area) => {
    const begun = known.get(area) ?? fetchArea(area);
    known.set(area, begun);
    return begun.catch((error: unknown) => {
      known.delete(area);
      throw error;
    });
  });
  await Promise.all(learning);
}
