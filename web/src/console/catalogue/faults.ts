/** Where in a plan a fault is, and what it is, for somebody who has the file before them. */
import type { Fault } from '../../../../contracts/errors.ts';

type Translate = (key: string, named: Record<string, unknown>) => string;
interface Words {
  readonly t: Translate;
  readonly te: (key: string) => boolean;
}

/** What one step of a pointer is called, where the next one is its number. */
const COUNTED = ['zones', 'rows', 'seats', 'categories', 'sections', 'tiers', 'standing', 'line'];

/** `/line/12/tier` → line 12, tier; `/plan/zones/0/rows/3` → zone 1, row 4. */
export function placeOf(pointer: string, { t, te }: Words): string {
  const steps = pointer.split('/').filter((step) => step !== '' && step !== 'plan');
  const said: string[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    const number = Number(steps[i + 1]);
    if (COUNTED.includes(step) && Number.isInteger(number)) {
      // The lines of a file count from one, the lists of a plan from nought.
      said.push(t(`plan.place.${step}`, { n: step === 'line' ? number : number + 1 }));
      i++;
    } else said.push(te(`plan.field.${step}`) ? t(`plan.field.${step}`, {}) : step);
  }
  return said.join(' · ') || t('plan.place.whole', {});
}

const lineOf = ({ pointer }: Fault) => Number(/^\/line\/(\d+)/.exec(pointer)?.[1] ?? 0);
/** As they stand in the file. */
export const inOrder = (faults: readonly Fault[]): Fault[] =>
  faults.toSorted((a, b) => lineOf(a) - lineOf(b));

/** The sentence of its code, and what the backend said where that says more. */
export function sayingOf({ code, detail }: Fault, { t, te }: Words): string {
  const twin = code === 'repeated' && / on line (\d+)$/.exec(detail)?.[1];
  if (twin) return t('plan.fault.twin', { n: twin });
  const key = `plan.fault.${code}`;
  return te(key) ? t(key, { detail }) : detail;
}
