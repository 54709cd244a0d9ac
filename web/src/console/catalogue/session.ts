/** One session in a form: what it refers to, its terms, keeping them, publishing, its end. */
import { computed, type Ref, reactive, ref, shallowRef, watch } from 'vue';
import { api, type Refused, refusedOf, type Venue } from '../../api.ts';
import { type CatalogueSession, catalogueApi, type Template } from './api.ts';
import { NEW } from './managed.ts';
import { bodyOf, changedIn, faultsIn, newTerms, type Terms, termsOf } from './terms.ts';

const ZONE = 'Asia/Shanghai';
const POLL_MS = 1_000;
const PATIENCE_MS = 60_000;

/** Reads the venue and the plan that are chosen; another venue has other plans. */
function readChosen(
  terms: Terms,
  venue: Ref<Venue | undefined>,
  template: Ref<Template | undefined>,
  refused: Ref<Refused | undefined>,
): void {
  /** An answer that comes when something else is chosen is dropped. */
  async function choose<Chosen>(ask: () => Promise<Chosen>, keep: (chosen: Chosen) => void) {
    try {
      keep(await ask());
    } catch (error) {
      refused.value = refusedOf(error);
    }
  }
  watch(
    () => terms.venueId,
    async (venueId) => {
      if (!venueId || venueId === venue.value?.id) return;
      terms.seatTemplateId = '';
      template.value = undefined;
      await choose(
        () => api.venue(venueId),
        (chosen) => {
          if (terms.venueId === venueId) venue.value = chosen;
        },
      );
    },
  );
  watch(
    () => terms.seatTemplateId,
    async (templateId) => {
      if (!templateId || templateId === template.value?.id) return;
      await choose(
        () => catalogueApi.get('seat-templates', templateId),
        (chosen) => {
          if (terms.seatTemplateId === templateId) template.value = chosen;
        },
      );
    },
  );
}

export function useSessionForm(id: string, showId: string) {
  const kept = shallowRef<CatalogueSession>();
  const venue = shallowRef<Venue>();
  const template = shallowRef<Template>();
  const terms = reactive<Terms>(newTerms(showId, ZONE, Date.now()));
  const refused = shallowRef<Refused>();
  readChosen(terms, venue, template, refused);
  const unread = shallowRef<Refused>();
  const busy = ref(false);
  const zone = computed(() => venue.value?.timeZone ?? ZONE);
  const isDraft = computed(() => kept.value === undefined || kept.value.stage === 'DRAFT');
  /** Tiers that need a price: those with seats, of the plan or, once frozen, of the session. */
  const tiers = computed(() => {
    if (!isDraft.value) return kept.value!.tiers.map(({ tier, priceFen: _ }) => tier);
    const seated = template.value?.tiers.filter(({ seatCount }) => seatCount > 0) ?? [];
    return seated.map(({ tier }) => tier);
  });
  const seatsOf = (tier: string) =>
    template.value?.tiers.find((known) => known.tier === tier)?.seatCount;

  async function fill(session: CatalogueSession): Promise<void> {
    const [place, plan] = await Promise.all([
      api.venue(session.venueId),
      catalogueApi.get('seat-templates', session.seatTemplateId),
    ]);
    venue.value = place;
    template.value = plan;
    kept.value = session;
    Object.assign(terms, termsOf(session, place.timeZone));
  }
  async function read(): Promise<void> {
    if (id === NEW) return;
    try {
      await fill(await catalogueApi.get('sessions', kept.value?.id ?? id));
      unread.value = undefined;
    } catch (error) {
      unread.value = refusedOf(error);
    }
  }
  void read();
  const faults = computed(() => faultsIn(terms, tiers.value));
  const change = computed(() => {
    if (Object.keys(faults.value).length > 0) return {};
    const body = bodyOf(terms, tiers.value, zone.value);
    return kept.value ? changedIn(body, kept.value, isDraft.value) : body;
  });
  const isChanged = computed(() => Object.keys(change.value).length > 0);
  async function save(): Promise<CatalogueSession | undefined> {
    if (!isChanged.value || busy.value) return undefined;
    busy.value = true;
    try {
      const before = kept.value;
      const saved = before
        ? await catalogueApi.change('sessions', before, change.value)
        : await catalogueApi.create('sessions', change.value);
      await fill(saved);
      refused.value = undefined;
      return saved;
    } catch (error) {
      refused.value = refusedOf(error);
      return undefined;
    } finally {
      busy.value = false;
    }
  }
  return {
    ...{ kept, venue, template, terms, zone, tiers, seatsOf, isDraft },
    ...{ faults, isChanged, busy, refused, unread, read, save },
  };
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Nobody knows yet what became of it: the answer did not come, or came too early. */
const UNDECIDED: ReadonlySet<string> = new Set(['UNREACHABLE', 'BUSY', 'INTERNAL']);

/** Publishing twice is publishing once: whoever does not know may ask again, until `endMs`. */
async function isPublished(id: string, endMs: number): Promise<boolean> {
  try {
    await catalogueApi.publish(id);
    return true;
  } catch (error) {
    const refusal: Refused = refusedOf(error);
    if (!UNDECIDED.has(refusal.word) || performance.now() > endMs) throw refusal;
    return false;
  }
}

/**
 * Publishes, and waits until it is so: opening a large hall may outlast the answer.
 * @param heard - hears the stage as it goes
 * @throws Refused
 */
export async function publishWhole(id: string, heard: (stage: string) => void): Promise<void> {
  let isOver = false;
  const listening = (async () => {
    for (await wait(POLL_MS); !isOver; await wait(POLL_MS))
      try {
        heard((await catalogueApi.get('sessions', id)).stage);
      } catch (error) {
        refusedOf(error); // asked again in a moment
      }
  })();
  const endMs = performance.now() + PATIENCE_MS;
  try {
    while (!(await isPublished(id, endMs))) await wait(POLL_MS);
  } finally {
    isOver = true;
    void listening;
  }
}
