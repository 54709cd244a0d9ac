/**
 * From a file, or a few numbers, to a template: judged first, with everything that is wrong with
 * it, and kept when somebody says so.
 */
import { computed, ref, shallowRef } from 'vue';
import { type Refused, refusedOf } from '../../api.ts';
import type { Report, Template } from './api.ts';
import {
  type Around,
  type Drawn,
  type PlanFile,
  readPlanFile,
  requestOf,
  send,
  Unreadable,
} from './plan-file.ts';

export type Step = 'sending' | 'judging' | 'keeping';

export function usePlanning() {
  const plan = shallowRef<PlanFile | Drawn>();
  const report = shallowRef<Report>();
  const unreadable = shallowRef<Unreadable>();
  const refused = shallowRef<Refused>();
  const step = ref<Step>();
  const part = ref(0);
  /** What is judged now; what was asked before it no longer matters. */
  let turn = 0;

  const hear = (done: Step) => (sent: number) => {
    part.value = sent;
    step.value = sent < 1 ? 'sending' : done;
  };
  function forget(): void {
    turn++;
    for (const known of [plan, report, unreadable, refused, step]) known.value = undefined;
    part.value = 0;
  }
  async function judge(around: Around): Promise<void> {
    const asked = plan.value;
    if (!asked) return;
    const mine = ++turn;
    report.value = undefined;
    refused.value = undefined;
    step.value = 'sending';
    try {
      const judged = await send<Report>(requestOf(asked, around), {
        method: 'POST',
        path: '/validate',
        heard: hear('judging'),
      });
      if (mine === turn) report.value = judged;
    } catch (error) {
      const refusal = refusedOf(error);
      if (mine === turn) refused.value = refusal;
    } finally {
      if (mine === turn) step.value = undefined;
    }
  }
  async function choose(file: File): Promise<void> {
    forget();
    const mine = turn;
    try {
      const read = await readPlanFile(file);
      if (mine !== turn) return;
      plan.value = read;
      await judge({});
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      unreadable.value = error;
    }
  }
  async function draw(generate: object): Promise<void> {
    forget();
    plan.value = { generate };
    await judge({ name: '-' });
  }
  /** Keeps it as a template, or as the next version of one. */
  async function keep(around: Around, onto?: Template): Promise<Template | undefined> {
    if (!plan.value) return undefined;
    step.value = 'sending';
    refused.value = undefined;
    try {
      return await send<Template>(requestOf(plan.value, around), {
        method: onto ? 'PATCH' : 'POST',
        path: onto ? `/${onto.id}` : '',
        ...(onto && { version: onto.version }),
        heard: hear('keeping'),
      });
    } catch (error) {
      refused.value = refusedOf(error);
      return undefined;
    } finally {
      step.value = undefined;
    }
  }
  const file = computed(() =>
    plan.value && 'form' in plan.value ? (plan.value as PlanFile) : undefined,
  );
  return { plan, file, report, unreadable, refused, step, part, choose, draw, judge, keep, forget };
}
export type Planning = ReturnType<typeof usePlanning>;
