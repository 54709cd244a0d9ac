/**
 * The seats a buyer has chosen and not locked: within the limit, with what they cost, and with
 * those that somebody else took meanwhile.
 */
import { computed, onUnmounted, type Ref, ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { Session } from './api.ts';
import { strandedBy } from './choice.ts';
import type { HallView, Place } from './hall.ts';
import { money } from './say.ts';
import { FREE, LOCKED } from './seats.ts';
import { useOrders } from './stores/orders.ts';

export interface Chosen {
  readonly place: Place;
  /** Somebody else has it by now. */
  readonly lost: boolean;
}

/** How a seat looks to this buyer. */
export type Look = 'available' | 'mine' | 'lost' | 'locked' | 'sold';
const LOOKS: Readonly<Record<string, Look>> = { [FREE]: 'available', [LOCKED]: 'locked' };

/** How each seat looks, and how it is said aloud. */
export function useLooks(session: Session, hall: HallView, chosen: Ref<readonly Chosen[]>) {
  const { t } = useI18n();
  const numbers = (lost: boolean) =>
    new Set(chosen.value.filter((one) => one.lost === lost).map(({ place }) => place.seat));
  const mine = computed(() => numbers(false));
  const lost = computed(() => numbers(true));
  const lookOf = (seat: number): Look => {
    if (lost.value.has(seat)) return 'lost';
    return mine.value.has(seat) ? 'mine' : (LOOKS[hall.markOf(seat)] ?? 'sold');
  };
  const spoken = (seat: number): string => {
    const place = hall.places.value.get(seat);
    if (!place) return '';
    const tier = session.tiers.find((priced) => priced.tier === place.tier);
    const price = tier ? `${tier.name} ${money(tier.priceFen)}` : place.tier;
    return `${place.label}, ${price}, ${t(`hall.${lookOf(seat)}`)}`;
  };
  return { mine, lost, lookOf, spoken };
}

/** @param busy while a lock is under way, a chosen seat that moves is most likely our own */
export function useChosen(session: Session, hall: HallView, busy: Ref<boolean>) {
  const { t } = useI18n();
  const orders = useOrders();
  const chosen = ref<Chosen[]>([]);
  /** For whoever listens instead of looking. */
  const said = ref('');

  const priceOf = (tier: string) =>
    session.tiers.find((priced) => priced.tier === tier)?.priceFen ?? 0;
  const mine = computed(() => chosen.value.filter(({ lost }) => !lost).map(({ place }) => place));
  const totalFen = computed(() => mine.value.reduce((sum, { tier }) => sum + priceOf(tier), 0));
  const limit = computed(() =>
    Math.max(0, session.seatsPerBuyerMax - orders.heldOf(session.id) - mine.value.length),
  );
  const isStranding = computed(
    () =>
      hall.tick.value >= 0 &&
      strandedBy(
        mine.value.map(({ seat }) => seat),
        hall.markOf,
      ).length > 0,
  );
  function toggle(seat: number): void {
    const place = hall.places.value.get(seat);
    if (!place) return;
    const label = place.label;
    if (chosen.value.some((one) => one.place.seat === seat)) {
      chosen.value = chosen.value.filter((one) => one.place.seat !== seat);
      said.value = t('hall.unpicked', { label });
    } else if (hall.markOf(seat) !== FREE) said.value = t('hall.lostSaid', { label });
    else if (limit.value === 0) said.value = t('hall.full', { n: session.seatsPerBuyerMax });
    else {
      chosen.value = [...chosen.value.filter(({ lost }) => !lost), { place, lost: false }];
      said.value = t('hall.picked', { label, price: money(priceOf(place.tier)) });
    }
  }

  /** Chosen seats that others have taken stay in the list, as lost. */
  function lose(): void {
    if (busy.value) return;
    const gone = chosen.value.filter((one) => !one.lost && hall.markOf(one.place.seat) !== FREE);
    if (gone.length === 0) return;
    chosen.value = chosen.value.map((one) => (gone.includes(one) ? { ...one, lost: true } : one));
    said.value = gone.map(({ place }) => t('hall.lostSaid', { label: place.label })).join(' ');
  }
  const unhear = hall.onMoves(lose);
  onUnmounted(unhear);
  const forget = () => {
    chosen.value = chosen.value.filter(({ lost }) => !lost);
  };
  return { chosen, said, mine, totalFen, limit, isStranding, priceOf, toggle, lose, forget };
}
