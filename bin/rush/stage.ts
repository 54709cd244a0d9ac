/**
 * Sets the stage: finds or makes the session that the buyers rush on, as an operator would over
 * HTTP. A session made here is on sale at once and for an hour; its locks are short, so that seats
 * nobody pays for come back while somebody still wants them.
 */
import { readFileSync } from 'node:fs';
import { concertHall } from '../demo-plans.ts';
import type { Answer, Client } from './client.ts';
import { type RushOptions, UsageError } from './options.ts';

export interface Stage {
  readonly sessionId: string;
  /** Of the operator who set it. */
  readonly token: string;
  readonly hall: string;
  readonly tiers: readonly string[];
  /** Seat → tier, from the layout that buyers see. */
  readonly tierOf: ReadonlyMap<number, string>;
}

/** A hall to sell: a template, and its tiers that have seats. */
interface Hall {
  readonly name: string;
  readonly venueId: string;
  readonly seatTemplateId: string;
  readonly tiers: readonly string[];
}

const HOUR_MS = 3_600_000;
const FIRST_PRICE_FEN = 28_000;
const PRICE_STEP_FEN = 10_000;
const SHOW_TITLE = '抢购演练 Rush rehearsal';

const isoIn = (ms: number) => new Date(Date.now() + ms).toISOString();

/** Says what the system refused while the stage was set; one line. */
function expectOk(what: string, { status, body, word }: Answer): Answer['body'] {
  if (status < 300) return body;
  const faults = (body?.errors as { pointer: string; detail: string }[] | undefined)?.slice(0, 5);
  const why = faults?.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
  throw new UsageError(`${what}: ${word}${why ? ` (${why})` : ''}`);
}

/** Everything an operator sees of one kind, page by page. */
async function* listed(client: Client, token: string, path: string) {
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = `?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = expectOk(path, await client.send(undefined, 'GET', `${path}${query}`, { token }));
    yield* page.items as Record<string, string>[];
    cursor = page.nextCursor as string | null;
  }
}

async function find(client: Client, token: string, path: string, field: string, value: string) {
  for await (const item of listed(client, token, path)) if (item[field] === value) return item;
  return undefined;
}

/** The seeded concert hall, or the hall of a plan file. */
async function hallOf(client: Client, token: string, options: RushOptions): Promise<Hall> {
  const post = async (what: string, path: string, body: object) =>
    expectOk(what, await client.send(undefined, 'POST', path, { token, body }));
  if (options.plan) {
    const plan = JSON.parse(readFileSync(options.plan, 'utf8'));
    const name = String(plan.name ?? options.plan);
    const venue = await post('venue', '/admin/venues', {
      name,
      city: '演练',
      timeZone: 'Asia/Shanghai',
    });
    const template = await post(`plan ${options.plan}`, '/admin/seat-templates', {
      venueId: venue.id,
      name,
      plan,
      standing: options.standing,
    });
    return hallFrom(name, venue.id, template);
  }
  const { name } = concertHall().plan;
  const seeded = await find(client, token, '/admin/seat-templates', 'name', name as string);
  if (!seeded) throw new UsageError(`the running system has no hall "${name}": npm start seeds it`);
  const path = `/admin/seat-templates/${seeded.id}`;
  const template = expectOk(path, await client.send(undefined, 'GET', path, { token }));
  return hallFrom(name as string, template.venueId, template);
}

function hallFrom(
  name: string,
  venueId: string,
  template: { id: string; tiers: { tier: string; seatCount: number }[] },
): Hall {
  const tiers = template.tiers.filter(({ seatCount }) => seatCount > 0).map(({ tier }) => tier);
  return { name, venueId, seatTemplateId: template.id, tiers };
}

/** Makes a session on a hall and publishes it. @returns its id */
async function publish(
  client: Client,
  token: string,
  hall: Hall,
  options: RushOptions,
): Promise<string> {
  const post = async (what: string, path: string, body: object) =>
    expectOk(what, await client.send(undefined, 'POST', path, { token, body }));
  const show =
    (await find(client, token, '/admin/shows', 'title', SHOW_TITLE)) ??
    (await post('show', '/admin/shows', { title: SHOW_TITLE, category: 'rehearsal' }));
  const [now, end] = [isoIn(-1_000), isoIn(HOUR_MS)];
  const session = await post('session', '/admin/sessions', {
    showId: show.id,
    venueId: hall.venueId,
    seatTemplateId: hall.seatTemplateId,
    startsAt: isoIn(24 * HOUR_MS),
    reservationOpensAt: now,
    reservationClosesAt: end,
    saleOpensAt: now,
    saleClosesAt: end,
    reservationRequired: true,
    seatsPerBuyerMax: options.seatsPerBuyerMax,
    lockMs: options.lockMs,
    tiers: hall.tiers.map((tier, i) => ({ tier, priceFen: FIRST_PRICE_FEN + i * PRICE_STEP_FEN })),
  });
  await post('publish', `/admin/sessions/${session.id}/publish`, {});
  return session.id;
}

/** The session to rush on: the one asked for, or a fresh one. @throws UsageError */
export async function setStage(client: Client, options: RushOptions): Promise<Stage> {
  const { token } = expectOk(
    'token',
    await client.send(undefined, 'POST', '/dev/token', {
      body: { uid: 'rush-operator', role: 'operator' },
    }),
  );
  let hall = 'as it is';
  let { session: sessionId } = options;
  if (!sessionId) {
    const made = await hallOf(client, token, options);
    hall = made.name;
    sessionId = await publish(client, token, made, options);
  }
  const path = `/sessions/${sessionId}/layout`;
  const layout = expectOk(path, await client.send(undefined, 'GET', path)) as {
    sections: { rows: { seats: { seat: number; tier: string }[] }[] }[];
  };
  const seats = layout.sections.flatMap(({ rows }) => rows.flatMap((row) => row.seats));
  const tierOf = new Map(seats.map(({ seat, tier }) => [seat, tier]));
  return { sessionId, token, hall, tiers: [...new Set(tierOf.values())], tierOf };
}
