/** A simple hall in a few numbers, as the backend draws it (`generate`). */
import { computed, reactive } from 'vue';

export interface Block {
  name: string;
  tier: string;
  rows: number;
  seats: number;
  seatsMore: number;
  /** After which seats an aisle lies: `10, 20`. */
  aisles: string;
  numbering: 'plain' | 'reverse' | 'odd-even' | 'even-odd';
  rowNames: 'numbers' | 'letters';
}
export const NUMBERINGS: readonly Block['numbering'][] = [
  'plain',
  'reverse',
  'odd-even',
  'even-odd',
];

type Translate = (key: string, named?: Record<string, unknown>) => string;

const blockOf = (n: number, t: Translate): Block => ({
  name: t('plan.hall.nameOf', { n }),
  tier: t('plan.hall.tierOf', { n }),
  rows: 10,
  seats: 20,
  seatsMore: 0,
  aisles: '',
  numbering: 'plain',
  rowNames: 'numbers',
});
const aislesIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);

/** Names are proposed, and rows and seats called, in the language of who draws. */
export function useSimpleHall(t: Translate) {
  const blocks = reactive<Block[]>([blockOf(1, t)]);
  const add = () => blocks.push(blockOf(blocks.length + 1, t));
  const drop = (index: number) => blocks.splice(index, 1);
  const generate = computed(() => ({
    sections: blocks.map(({ aisles, seatsMore, ...block }) => ({
      ...block,
      ...(seatsMore !== 0 && { seatsMore }),
      ...(aislesIn(aisles).length > 0 && { aisles: aislesIn(aisles) }),
      rowLabel: t('plan.hall.rowLabel'),
      seatLabel: t('plan.hall.seatLabel'),
    })),
  }));
  return { blocks, add, drop, generate };
}
