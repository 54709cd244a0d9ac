/** The best free seats: where they lie, when they cannot be side by side, and who gets none. */
import { afterEach, describe, expect, it } from 'vitest';
import { audit } from './audit.ts';
import { drawnHall, plainHall } from './hall.ts';
import { refusalOf, SALE, type Stage, stage } from './stage.ts';

let on: Stage;
let buyers = 0;
afterEach(() => on.end());

const best = (count: number, tier = 'A', section?: string) =>
  on.lock(`buyer${++buyers}`, { best: { count, tier, ...(section && { section }) } });
const seatsOf = async (answer: ReturnType<typeof best>) =>
  (await answer).seats.map(({ seat }) => seat);
/** Takes seats one by one, so that no limit stands in the way. */
const take = async (...seats: number[]) => {
  for (const seat of seats) await on.lock(`early${seat}`, { seats: [seat] });
};

describe('the best seats', () => {
  it('are in the middle of the row nearest the stage', async () => {
    on = await stage(drawnHall(['AAAAAAA', 'AAAAAAA']));
    expect(await seatsOf(best(3))).toEqual([2, 3, 4]);
    expect(await seatsOf(best(2))).toEqual([0, 1]); // the middle is taken: a side of the same row
    expect(await seatsOf(best(2))).toEqual([5, 6]);
    expect(await seatsOf(best(2))).toEqual([10, 11]); // row 2: 8 to 14
  });

  it('are in a middle block before a side block of the same row', async () => {
    on = await stage(drawnHall(['AAA AAAAA AAA']));
    expect(await seatsOf(best(1))).toEqual([6]); // 0–2, 4–8, 10–12
  });

  it('are of the tier asked, however good another one is', async () => {
    on = await stage(drawnHall(['BBBBBB', 'AAAAAA']));
    expect(await seatsOf(best(2, 'A'))).toEqual([9, 10]);
  });

  it('leave no single seat alone when it can be avoided in the row', async () => {
    on = await stage(drawnHall(['AAAAA']));
    // In the middle (1, 2 or 2, 3) one seat would be left alone at an end.
    await best(2);
    expect(await on.marks()).toMatch(/^(11000|00011)$/);
  });

  it('leave no single seat alone when another row can avoid it', async () => {
    on = await stage(drawnHall(['AAA', 'AAAA']));
    expect(await seatsOf(best(2))).toEqual([4, 5]); // row 1 has three: one would be left alone
  });

  it('fill a single seat that is left rather than make another one', async () => {
    on = await stage(drawnHall(['AAAAA']));
    await take(1, 2);
    expect(await seatsOf(best(1))).toEqual([0]); // 3 or 4 would leave the other one alone
  });

  it('strand one seat when nothing else is left', async () => {
    on = await stage(drawnHall(['AAA']));
    expect(await seatsOf(best(2))).toHaveLength(2);
    expect(await seatsOf(best(1))).toHaveLength(1);
    expect(await audit(on, drawnHall(['AAA']))).toEqual([]);
  });

  it.each([0, 14, 29])(
    'are the last pair of a hall where free and taken alternate, in row %i',
    async (row) => {
      const hall = plainHall(300, 10);
      on = await stage(hall);
      const [left, right] = [row * 11 + 8, row * 11 + 9];
      const taken = hall.seat.filter((seat) => (seat % 11) % 2 === 1 && seat !== right);
      for (let i = 0; i < taken.length; i += 6)
        await on.lock(`early${i}`, { seats: taken.slice(i, i + 6) });
      expect(await seatsOf(best(2))).toEqual([left, right]);
      expect((await best(2)).adjacent).toBe(false);
      expect(await audit(on, hall)).toEqual([]);
    },
  );

  it('that are not side by side lie close together in a good row, and say so', async () => {
    on = await stage(drawnHall(['AAAAAAAA', 'AAAAAAAA']));
    await take(1, 2, 4, 6, 10, 12, 14, 16);
    const { seats, adjacent } = await best(2);
    expect(adjacent).toBe(false);
    expect(seats.map(({ seat }) => seat)).toEqual([3, 5]);
  });

  it('come from several rows when no row has enough', async () => {
    on = await stage(drawnHall(['AA', 'AA', 'AA']));
    await take(0, 4, 6);
    const { seats, adjacent } = await best(3);
    expect(adjacent).toBe(false);
    expect(seats.map(({ seat }) => seat)).toEqual([1, 3, 7]);
  });

  it('on a standing floor are places near each other', async () => {
    on = await stage(drawnHall(['A A A A A A', 'A A A A A A']));
    const { seats, adjacent } = await best(3);
    expect(adjacent).toBe(false);
    expect(seats[2]!.seat - seats[0]!.seat).toBe(4);
    expect((await best(1)).adjacent).toBe(true);
  });

  it('can be bought one by one until the tier is empty', async () => {
    const hall = drawnHall(['AAAAA BB', 'A A AAAB']);
    on = await stage(hall);
    const sold = new Set<number>();
    for (let i = 0; i < 10; i++) for (const seat of await seatsOf(best(1))) sold.add(seat);
    expect(sold.size).toBe(10);
    const { word, data } = await refusalOf(on, () => best(1));
    expect({ word, data }).toEqual({ word: 'SOLD_OUT', data: { tier: 'A', left: 0 } });
    expect(await audit(on, hall)).toEqual([]);
  });
});

describe('the best seats of a section', () => {
  const HALL = drawnHall(['AAAA', 'AAAA', 'BBBB'], ['Stalls', 'Balcony', 'Balcony']);

  it('are in that section', async () => {
    on = await stage(HALL);
    expect(await seatsOf(best(2, 'A', 'Balcony'))).toEqual([5, 6]); // four seats: 5 to 8
    expect(await seatsOf(best(2, 'A', 'Balcony'))).toEqual([7, 8]);
    expect(await seatsOf(best(2, 'B', 'Balcony'))).toHaveLength(2);
  });

  it('are refused when the section has too few, though the tier has more', async () => {
    on = await stage(HALL);
    await best(3, 'A', 'Balcony');
    const data = { tier: 'A', left: 1 };
    expect(await refusalOf(on, () => best(2, 'A', 'Balcony'))).toEqual({ word: 'SOLD_OUT', data });
  });

  it('are refused when it has no seat of the tier', async () => {
    on = await stage(HALL);
    const data = { tier: 'B', left: 0 };
    expect(await refusalOf(on, () => best(1, 'B', 'Stalls'))).toEqual({ word: 'SOLD_OUT', data });
  });
});

describe('best is refused, and changes nothing,', () => {
  it.each([
    ['tier', 'Z', undefined],
    ['section', 'A', 'Nowhere'],
  ])('for an unknown %s, with a pointer to it', async (field, tier, section) => {
    on = await stage(drawnHall(['AA']));
    const { word, data } = await refusalOf(on, () => best(1, tier, section));
    expect(word).toBe('VALIDATION_FAILED');
    expect(data).toMatchObject({ errors: [{ pointer: `/best/${field}` }] });
  });

  it('when fewer than asked are left of the tier, saying how many', async () => {
    on = await stage(drawnHall(['AAA']));
    await take(0, 2);
    const data = { tier: 'A', left: 1 };
    expect(await refusalOf(on, () => best(2))).toEqual({ word: 'SOLD_OUT', data });
  });

  it('beyond the limit, before it looks at any row', async () => {
    on = await stage(drawnHall(['AAAAAAAA']), { seatsPerBuyerMax: 4 });
    for (const count of [5, 1_000_000])
      expect((await refusalOf(on, () => best(count))).word).toBe('LIMIT_REACHED');
  });

  it('while the sale is not open', async () => {
    on = await stage(drawnHall(['AA']));
    await on.arbiter.turn(SALE, 'PAUSED');
    expect((await refusalOf(on, () => best(1))).word).toBe('SALE_PAUSED');
  });
});
