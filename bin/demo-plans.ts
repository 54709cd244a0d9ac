/**
 * The halls of the demonstration, drawn by the plan generator: a theatre with curved rows and
 * aisles, a concert hall with standing places, a stadium of 60,000. Run it to write one as a file:
 * `node bin/demo-plans.ts theatre > theatre.json`.
 */
import { type BlockSpec, generatePlan } from '../services/seat-template/generate.ts';
import type { SeatingPlan } from '../services/seat-template/plan.ts';

export interface DemoPlan {
  readonly plan: SeatingPlan;
  readonly standing: readonly string[];
}

const COLORS = {
  red: '#c0392b',
  amber: '#e69f00',
  green: '#009e73',
  sky: '#56b4e9',
  blue: '#0072b2',
  plum: '#8e44ad',
} as const;

/** Letters for rows: A … Z, AA … */
const letter = (row: number): string =>
  row < 26 ? String.fromCharCode(65 + row) : letter(Math.floor(row / 26) - 1) + letter(row % 26);

/** About 750 seats: stalls of curved rows with two aisles, a balcony with one behind them. */
export function theatre(): DemoPlan {
  const centre = { shape: 'curved', x: 0, y: 0, angle: 90 } as const;
  const stalls: BlockSpec = {
    name: '池座',
    place: { ...centre, radius: 420 },
    rows: 16,
    seats: (row) => 28 + row,
    category: (row) => (row < 5 ? '贵宾' : '池座'),
    rowName: letter,
    numbering: 'odd-even',
    aisles: (row) => [8, 20 + row],
  };
  const balcony: BlockSpec = {
    name: '楼座',
    place: { ...centre, radius: 1_020 },
    rows: 5,
    seats: (row) => 36 + 2 * row,
    category: () => '楼座',
    aisles: (row) => [18 + row],
  };
  const plan = generatePlan({
    name: '示例剧院 Demo theatre',
    categories: [
      { name: '贵宾', color: COLORS.red },
      { name: '池座', color: COLORS.amber },
      { name: '楼座', color: COLORS.sky },
    ],
    blocks: [stalls, balcony],
  });
  return { plan, standing: [] };
}

/** About 1,100 places: a standing floor of 900, and seats on three sides of it. */
export function concertHall(): DemoPlan {
  const floor: BlockSpec = {
    name: 'Floor 站席',
    place: { shape: 'straight', x: 0, y: 0 },
    rows: 30,
    rowPitch: 24,
    seats: () => 30,
    category: () => 'Standing 站席',
  };
  const back: BlockSpec = {
    name: 'Centre 中区',
    place: { shape: 'straight', x: 0, y: 800 },
    rows: 4,
    seats: () => 20,
    category: (row) => (row < 2 ? 'VIP' : 'Seated 坐席'),
    rowName: letter,
    aisles: () => [10],
  };
  const side = (name: string, angle: number): BlockSpec => ({
    name,
    place: { shape: 'curved', x: 0, y: 350, radius: 520, angle },
    rows: 3,
    seats: (row) => 19 + row,
    category: () => 'Seated 坐席',
    rowName: letter,
  });
  const plan = generatePlan({
    name: '示例音乐厅 Demo concert hall',
    categories: [
      { name: 'Standing 站席', color: COLORS.amber },
      { name: 'VIP', color: COLORS.red },
      { name: 'Seated 坐席', color: COLORS.green },
    ],
    blocks: [floor, back, side('Left 左区', 180), side('Right 右区', 0)],
  });
  return { plan, standing: ['Floor 站席'] };
}

/** 60,000 seats: twenty sectors round the pitch, on two tiers, each with an aisle in its middle. */
export function stadium(): DemoPlan {
  const SECTORS = 20;
  const sector = (ring: 'L' | 'U', s: number): BlockSpec => {
    const lower = ring === 'L';
    return {
      name: `${ring}${String(s + 1).padStart(2, '0')}`,
      place: {
        shape: 'curved',
        x: 0,
        y: 0,
        radius: lower ? 2_600 : 4_100,
        angle: (360 / SECTORS) * s,
      },
      rows: lower ? 30 : 42,
      seats: () => (lower ? 30 : 50),
      category: (row) => {
        if (!lower) return s % 5 === 0 ? '看台一 Upper centre' : '看台二 Upper';
        return row < 8 ? '内场 Front' : '下层 Lower';
      },
      aisles: () => [lower ? 15 : 25],
    };
  };
  const sectors = Array.from({ length: SECTORS }, (_, s) => s);
  const plan = generatePlan({
    name: '示例体育场 Demo stadium',
    categories: [
      { name: '内场 Front', color: COLORS.red },
      { name: '下层 Lower', color: COLORS.amber },
      { name: '看台一 Upper centre', color: COLORS.blue },
      { name: '看台二 Upper', color: COLORS.plum },
    ],
    blocks: [...sectors.map((s) => sector('L', s)), ...sectors.map((s) => sector('U', s))],
  });
  return { plan, standing: [] };
}

const HALLS: Readonly<Record<string, () => DemoPlan>> = { theatre, concertHall, stadium };

if (import.meta.main) {
  const draw = HALLS[process.argv[2] ?? ''];
  if (!draw) {
    process.stderr.write(`usage: node bin/demo-plans.ts ${Object.keys(HALLS).join('|')}\n`);
    process.exit(2);
  }
  process.stdout.write(`${JSON.stringify(draw().plan)}\n`);
}
