/** Seats in words, as buyers read them in both languages. */
import { describe, expect, it } from 'vitest';
import { createI18n } from 'vue-i18n';
import { placesSaid } from '../../web/src/places.ts';
import en from '../../web/src/words/en.ts';
import zh from '../../web/src/words/zh-CN.ts';

const { t } = createI18n({ legacy: false, locale: 'zh', messages: { zh, en } }).global;
const said = (...places: readonly [section: string, row: string, seat: string][]) => {
  const named = places.map(([section, row, seat]) => ({
    section,
    row,
    label: [section, [row, seat].filter(Boolean).join('-')].join(' '),
  }));
  return (['zh', 'en'] as const).map((locale) =>
    placesSaid(named, (word, fields) => t(word, fields, { locale })),
  );
};

describe('seats in words', () => {
  it('dress bare numbers, and join neighbours', () => {
    expect(said(['看台', '12', '5'])).toEqual(['看台 12排5座', '看台, row 12, seat 5']);
    expect(said(['Stalls', 'A', '8'], ['Stalls', 'A', '7'])).toEqual([
      'Stalls A排7-8座',
      'Stalls, row A, seats 7–8',
    ]);
    expect(said(['看台', '12', '7'], ['看台', '12', '9'], ['看台', '12', '10'])).toEqual([
      '看台 12排7、9-10座',
      '看台, row 12, seats 7, 9–10',
    ]);
  });
  it('name a section once, and each of its rows', () => {
    expect(said(['A区', '1', '2'], ['A区', '2', '2'], ['B区', '1', '1'])).toEqual([
      'A区 1排2座，2排2座，B区 1排1座',
      'A区, row 1, seat 2; row 2, seat 2; B区, row 1, seat 1',
    ]);
  });
  it('leave names that speak for themselves', () => {
    expect(said(['看台', '12排', '7座'], ['看台', '12排', '8座'])).toEqual([
      '看台 12排 7-8座',
      '看台, 12排, 7–8座',
    ]);
    expect(said(['Balcony', 'Box 3-4', '2'])).toEqual([
      'Balcony Box 3-4 2座',
      'Balcony, Box 3-4, seat 2',
    ]);
    expect(said(['Floor', '', '17'])).toEqual(['Floor 17座', 'Floor, seat 17']);
    expect(said(['Floor', '1', '3 #2'])).toEqual(['Floor 1排3 #2', 'Floor, row 1, 3 #2']);
  });
});
