/**
 * One object of the catalogue in a form: read, changed from the version that was read, removed
 * after a question. Only what was changed is sent.
 */
import { computed, reactive, ref, shallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import { type Refused, refusedOf } from '../../api.ts';
import { useAsking } from '../asking.ts';
import { useConfirm } from '../confirm.ts';
import { useTell } from '../telling.ts';
import { catalogueApi, type Kinds } from './api.ts';
import { saidInUse } from './in-use.ts';

export interface Field {
  readonly name: string;
  readonly kind: 'line' | 'text';
  readonly max: number;
  readonly required?: boolean;
  /** What is offered; something else may be written. */
  readonly offered?: readonly string[];
}
/** What an object that is not there yet is called in an address. */
export const NEW = 'new';

/** What to send: of a new object whatever says something, of another what is different. */
export function changeOf(
  fields: readonly Field[],
  before: Readonly<Record<string, unknown>> | undefined,
  draft: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const said = fields.map(({ name }) => [name, draft[name]?.trim() ?? ''] as const);
  const changed = said.filter(([name, value]) => value !== (before?.[name] ?? ''));
  return Object.fromEntries(changed.map(([name, value]) => [name, value === '' ? null : value]));
}

/** @param home - the route of the list, where one is after a removal */
export function useManaged<K extends 'shows' | 'venues'>(
  kind: K,
  id: string,
  fields: readonly Field[],
  { home, own }: { home: string; own: string },
) {
  const { t } = useI18n();
  const [confirm, tell, router] = [useConfirm(), useTell(), useRouter()];
  const isNew = id === NEW;
  const draft = reactive<Record<string, string>>({});
  const saving = ref(false);
  const refused = shallowRef<Refused>();
  const kept = shallowRef<Kinds[K]>();

  const fill = (object?: Kinds[K]) => {
    kept.value = object;
    const read = (object ?? {}) as Readonly<Record<string, unknown>>;
    for (const { name } of fields) draft[name] = String(read[name] ?? '');
  };
  fill();
  const reading = useAsking(() => catalogueApi.get(kind, id).then(fill), { later: isNew });
  const change = computed(() => changeOf(fields, kept.value as never, draft));
  const isReady = computed(
    () =>
      Object.keys(change.value).length > 0 &&
      fields.every(({ name, required }) => !required || draft[name]?.trim()),
  );

  async function save(): Promise<void> {
    if (!isReady.value || saving.value) return;
    saving.value = true;
    try {
      const before = kept.value;
      const saved = before
        ? await catalogueApi.change(kind, before, change.value)
        : await catalogueApi.create(kind, change.value);
      fill(saved);
      refused.value = undefined;
      tell(t('catalogue.saved'));
      if (!before) await router.replace({ name: own, params: { id: saved.id } });
    } catch (error) {
      refused.value = refusedOf(error);
    } finally {
      saving.value = false;
    }
  }
  async function remove(called: string): Promise<void> {
    const before = kept.value;
    if (!before) return;
    const done = await confirm({
      title: t('catalogue.removeTitle', { name: called }),
      says: t(`catalogue.removeSays.${kind}`),
      yes: t('catalogue.remove'),
      grave: true,
      deed: () => saidInUse(t, catalogueApi.remove(kind, before)),
    });
    if (!done) return;
    tell(t('catalogue.removed'));
    await router.push({ name: home });
  }
  return { isNew, draft, kept, reading, change, isReady, saving, refused, save, remove };
}
