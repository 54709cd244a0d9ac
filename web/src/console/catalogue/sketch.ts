/** How the plan of a template that is kept looks: its plan is read, and judged once more. */
import { ref, shallowRef } from 'vue';
import type { LayoutColumns } from '../../../../contracts/layout.ts';
import { type Refused, refusedOf } from '../../api.ts';
import { catalogueApi, type Report, type Template } from './api.ts';
import { requestOf, send } from './plan-file.ts';

export function useSketch() {
  const layout = shallowRef<LayoutColumns>();
  const problem = shallowRef<Refused>();
  const busy = ref(false);
  async function of({ id, version, standing }: Template): Promise<void> {
    busy.value = true;
    layout.value = undefined;
    try {
      const text = await catalogueApi.plan(id, version);
      const plan = { name: id, bytes: text.length, form: 'json', text, zones: [] } as const;
      const { layout: drawn } = await send<Report>(requestOf(plan, { standing }), {
        method: 'POST',
        path: '/validate',
        heard: () => {},
      });
      layout.value = drawn;
      problem.value = undefined;
    } catch (error) {
      problem.value = refusedOf(error);
    } finally {
      busy.value = false;
    }
  }
  return { layout, problem, busy, of };
}
