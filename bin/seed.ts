/**
 * Fills the catalogue with the demonstration, as an organiser would: over HTTP through the edge.
 * What is there already, by its name, is left as it is, so that a seed cut short goes on where it
 * was and a repeated one changes nothing. For a sandbox only: it asks for a development token.
 */
import type { Config } from '../config/index.ts';
import type { Owned, Page } from '../contracts/actions.ts';
import { concertHall, type DemoPlan, stadium, theatre } from './demo-plans.ts';

export interface DemoSummary {
  readonly shows: readonly {
    readonly title: string;
    /** Where a client reads the session. */
    readonly url: string;
    readonly sessionId: string;
    /** State of its sale when the seed had published it. */
    readonly state: string;
  }[];
}

export const DEMO_ORGANISER = 'demo-organiser';

interface Hall {
  readonly venue: { readonly name: string; readonly city: string; readonly address: string };
  readonly draw: () => DemoPlan;
}
interface Performance {
  readonly show: {
    readonly title: string;
    readonly artist: string;
    readonly category: string;
    readonly city: string;
    readonly description: string;
  };
  readonly hall: keyof typeof HALLS;
  readonly saleOpensInMs: number;
  readonly reservationRequired: boolean;
  readonly seatsPerBuyerMax: number;
  /** Of the dearest tier; each further one costs a quarter less. */
  readonly priceFen: number;
}

const HALLS = {
  theatre: {
    venue: { name: '示例大剧院', city: '上海', address: '人民大道 300 号' },
    draw: theatre,
  },
  concertHall: {
    venue: { name: 'Demo Concert Hall', city: '北京', address: '工人体育场北路 8 号' },
    draw: concertHall,
  },
  stadium: {
    venue: { name: '示例体育场', city: '广州', address: '天河路 299 号' },
    draw: stadium,
  },
} as const satisfies Record<string, Hall>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const RESERVATION_BEFORE_MS = DAY;
const SALE_LASTS_MS = 60 * DAY;
const STARTS_AFTER_MS = 75 * DAY;

const PERFORMANCES: readonly Performance[] = [
  {
    show: {
      title: '茶馆',
      artist: '示例话剧团',
      category: '话剧',
      city: '上海',
      description: '三幕话剧，即时开抢，无需预约。',
    },
    hall: 'theatre',
    saleOpensInMs: -HOUR,
    reservationRequired: false,
    seatsPerBuyerMax: 4,
    priceFen: 88_000,
  },
  {
    show: {
      title: 'Night Trains · Live',
      artist: 'Night Trains',
      category: '演唱会',
      city: '北京',
      description: 'Reserve first, then take part: the standing floor and 200 seats.',
    },
    hall: 'concertHall',
    saleOpensInMs: -HOUR,
    reservationRequired: true,
    seatsPerBuyerMax: 2,
    priceFen: 68_000,
  },
  {
    show: {
      title: '群星之夜 Stadium Night',
      artist: 'Various artists',
      category: '演唱会',
      city: '广州',
      description: '六万座体育场，即时开抢。',
    },
    hall: 'stadium',
    saleOpensInMs: -HOUR,
    reservationRequired: false,
    seatsPerBuyerMax: 6,
    priceFen: 168_000,
  },
  {
    show: {
      title: '天鹅湖 Swan Lake',
      artist: 'Demo Ballet',
      category: '舞蹈芭蕾',
      city: '上海',
      description: '七天后开抢，预约已开始。',
    },
    hall: 'theatre',
    saleOpensInMs: 7 * DAY,
    reservationRequired: true,
    seatsPerBuyerMax: 4,
    priceFen: 128_000,
  },
];

type Send = <Answer>(method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>;

/**
 * Makes what is missing of the demonstration and publishes it.
 * @param onProgress told in a few words what is being made
 * @throws Error naming the request that was not accepted
 */
export async function seed(
  config: Pick<Config, 'publicUrl'>,
  onProgress: (what: string) => void = () => {},
): Promise<DemoSummary> {
  const api = `${config.publicUrl}/api/v1`;
  const asNobody = sender(api);
  const { token } = await asNobody<{ token: string }>('POST', '/dev/token', {
    uid: DEMO_ORGANISER,
    role: 'organiser',
  });
  const catalogue = await readCatalogue(sender(api, token));
  const shows = [];
  for (const performance of PERFORMANCES) {
    onProgress(performance.show.title);
    const { id, state } = await publish(catalogue, performance);
    const { title } = performance.show;
    shows.push({ title, sessionId: id, state, url: `${api}/sessions/${id}` });
  }
  return { shows };
}

function sender(api: string, token?: string): Send {
  return async (method, path, body) => {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`demo: ${method} ${path} was not accepted (${response.status}): ${text}`);
    return JSON.parse(text);
  };
}

type Kind = 'venues' | 'shows' | 'seat-templates' | 'sessions';
interface Catalogue {
  readonly send: Send;
  /** The object of this kind that `is` recognises, made from `body` when there is none. */
  findOrMake(kind: Kind, is: (item: Owned) => boolean, body: () => object): Promise<Owned>;
}

/** Everything the organiser has, read once. */
async function readCatalogue(send: Send): Promise<Catalogue> {
  const kinds: readonly Kind[] = ['venues', 'shows', 'seat-templates', 'sessions'];
  const lists = await Promise.all(
    kinds.map(async (kind) => [kind, await all(send, kind)] as const),
  );
  const known = new Map(lists);
  return {
    send,
    async findOrMake(kind, is, body) {
      const found = known.get(kind)!.find(is);
      if (found) return found;
      const made = await send<Owned>('POST', `/admin/${kind}`, body());
      known.get(kind)!.push(made);
      return made;
    },
  };
}

async function all(send: Send, kind: Kind): Promise<Owned[]> {
  const items: Owned[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `?limit=100${cursor && `&cursor=${cursor}`}`;
    const page: Page<Owned> = await send('GET', `/admin/${kind}${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

async function publish(catalogue: Catalogue, performance: Performance) {
  const hall: Hall = HALLS[performance.hall];
  const venue = await catalogue.findOrMake(
    'venues',
    ({ name }) => name === hall.venue.name,
    () => ({ ...hall.venue, timeZone: 'Asia/Shanghai' }),
  );
  const { plan, standing } = hall.draw();
  const template = await catalogue.findOrMake(
    'seat-templates',
    ({ name }) => name === plan.name,
    () => ({ venueId: venue.id, name: plan.name, plan, standing }),
  );
  const { show: written } = performance;
  const show = await catalogue.findOrMake(
    'shows',
    ({ title }) => title === written.title,
    () => written,
  );
  const session = await catalogue.findOrMake(
    'sessions',
    ({ showId }) => showId === show.id,
    () => draftOf(performance, show, venue, template),
  );
  // Also for one that is published: it may have been cut short, and it answers the state.
  const path = `/admin/sessions/${session.id}/publish`;
  const { sale } = await catalogue.send<{ sale: { state: string } }>('POST', path, {});
  return { id: session.id, state: sale.state };
}

function draftOf(performance: Performance, show: Owned, venue: Owned, template: Owned): object {
  const saleOpensMs = Date.now() + performance.saleOpensInMs;
  const reservationOpensMs = Math.min(saleOpensMs, Date.now()) - RESERVATION_BEFORE_MS;
  const iso = (ms: number) => new Date(ms).toISOString();
  const tiers = (template.tiers as { tier: string; seatCount: number }[]).filter(
    ({ seatCount }) => seatCount > 0,
  );
  return {
    showId: show.id,
    venueId: venue.id,
    seatTemplateId: template.id,
    startsAt: iso(saleOpensMs + STARTS_AFTER_MS),
    reservationOpensAt: iso(reservationOpensMs),
    reservationClosesAt: iso(saleOpensMs + SALE_LASTS_MS),
    saleOpensAt: iso(saleOpensMs),
    saleClosesAt: iso(saleOpensMs + SALE_LASTS_MS),
    reservationRequired: performance.reservationRequired,
    seatsPerBuyerMax: performance.seatsPerBuyerMax,
    tiers: tiers.map(({ tier }, i) => ({
      tier,
      priceFen: Math.round((performance.priceFen * 0.75 ** i) / 1_000) * 1_000,
    })),
  };
}

if (import.meta.main) {
  const { config } = await import('../config/index.ts');
  const { shows } = await seed(config, (what) => process.stdout.write(`  ${what}\n`));
  for (const { title, state, url } of shows) process.stdout.write(`${state}  ${title}  ${url}\n`);
}
