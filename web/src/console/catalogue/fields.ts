/** The fields of shows and venues, in the order a form shows them. */
import type { Field } from './managed.ts';

const CITIES = ['北京', '上海', '广州', '深圳', '成都', '杭州', '南京', '武汉', '西安', '重庆'];

export const SHOW_FIELDS: readonly Field[] = [
  { name: 'title', kind: 'line', max: 190, required: true },
  { name: 'titleEn', kind: 'line', max: 190 },
  { name: 'artist', kind: 'line', max: 190 },
  { name: 'artistEn', kind: 'line', max: 190 },
  {
    name: 'category',
    kind: 'line',
    max: 64,
    required: true,
    offered: ['concert', 'festival', 'theatre', 'musical', 'dance', 'opera', 'comedy', 'sports'],
  },
  { name: 'city', kind: 'line', max: 64, offered: CITIES },
  { name: 'description', kind: 'text', max: 10_000 },
  { name: 'descriptionEn', kind: 'text', max: 10_000 },
];
export const VENUE_FIELDS: readonly Field[] = [
  { name: 'name', kind: 'line', max: 190, required: true },
  { name: 'nameEn', kind: 'line', max: 190 },
  { name: 'city', kind: 'line', max: 64, required: true, offered: CITIES },
  { name: 'address', kind: 'line', max: 300 },
  {
    name: 'timeZone',
    kind: 'line',
    max: 64,
    required: true,
    offered: ['Asia/Shanghai', 'Asia/Hong_Kong', 'Asia/Macau', 'Asia/Taipei', 'Asia/Singapore'],
  },
];
