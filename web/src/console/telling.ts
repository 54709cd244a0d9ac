/** One line about what was done, shown for a while in the corner and read out. */
import { type InjectionKey, inject, provide, ref } from 'vue';

const TELL: InjectionKey<(line: string) => void> = Symbol('tell');
const SHOWN_MS = 6_000;

/** For the frame. */
export function provideTell() {
  const told = ref('');
  let timer: ReturnType<typeof setTimeout> | undefined;
  provide(TELL, (line) => {
    told.value = line;
    clearTimeout(timer);
    timer = setTimeout(() => {
      told.value = '';
    }, SHOWN_MS);
  });
  return told;
}
export const useTell = (): ((line: string) => void) => inject(TELL)!;
