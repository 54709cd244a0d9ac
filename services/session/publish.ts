/**
 * How a session becomes a sale and how its organiser turns it. Three steps, each of which may be
 * repeated: freeze the layout and the terms here, open the sale in the arbiter, turn its switch as
 * recorded. Whoever dies in between, the next `publish` goes on from there.
 *
 * Always true: an answer is given only after the arbiter has changed; what the organiser last
 * ordered is recorded with the session, in a transaction that ends after the arbiter's word.
 */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { config } from '../../config/index.ts';
import { type Caller, call } from '../../contracts/actions.ts';
import { refuse } from '../../contracts/errors.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import type { SaleState, SaleSwitch } from '../../contracts/sale.ts';
import type { OwnedContext } from '../../mixins/owned.ts';
import { modelOf } from '../../mixins/table.ts';
import { unpriced } from './draft.ts';
import {
  LAYOUTS,
  type LayoutRow,
  type SessionRow,
  saleTermsOf,
  sessions,
  tiersIn,
  type WrittenSession,
} from './session.model.ts';

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** Opening 100,000 seats is no ordinary call. */
const OPEN_MS = 30_000;
/** How long one pull of the edge may take, on top of the time between two. */
const PULL_MS = 100;
/** Nobody there, or nobody who answers: the same call may succeed later. */
const AWAY: ReadonlySet<string | undefined> = new Set([
  'SERVICE_NOT_FOUND',
  'SERVICE_NOT_AVAILABLE',
  'REQUEST_TIMEOUT',
  'REQUEST_REJECTED',
]);

export interface Turned {
  readonly id: string;
  readonly sale: { readonly state: SaleState };
}

/** Freezes, opens and answers the state of the sale. @throws NOT_FOUND, VALIDATION_FAILED, BUSY */
export async function publish(ctx: OwnedContext, id: string): Promise<Turned> {
  const row = await sessions.read(ctx, id);
  if (row.stage === 'DRAFT') await freeze(ctx, row);
  await open(ctx, await sessions.read(ctx, id));
  return turn(ctx, id, 'publish');
}

/**
 * Turns the sale to what was ordered (nothing: to what is recorded), and records it. The row stays
 * locked while the arbiter is asked, so that two orders cannot overtake each other. A sale that was
 * paused is answered for when the edge has heard of it too: the next lock finds its gate open.
 * @throws NOT_FOUND, SALE_NOT_OPEN before it was published, SALE_CLOSED, BUSY
 */
export async function turn(
  ctx: OwnedContext,
  id: string,
  action: string,
  to?: SaleSwitch,
): Promise<Turned> {
  let state: SaleState | undefined;
  let wasPaused = false;
  await sessions.change(ctx, { id, ifMatch: null, action }, async (row) => {
    const stages = to === undefined ? ['FROZEN', 'PUBLISHED'] : ['PUBLISHED'];
    if (!stages.includes(row.stage))
      refuse('SALE_NOT_OPEN', { opensAt: row.saleOpensAt.toISOString() });
    const saleSwitch = to ?? row.saleSwitch;
    if (row.saleSwitch === 'CLOSED' && saleSwitch !== 'CLOSED') refuse('SALE_CLOSED');
    wasPaused = row.saleSwitch === 'PAUSED' && saleSwitch !== 'PAUSED';
    ({ state } = await answered(call(ctx, 'seckill.turn', { sale: id, to: saleSwitch })));
    return {
      ...(row.stage !== 'PUBLISHED' && { stage: 'PUBLISHED' as const }),
      ...(row.saleSwitch !== saleSwitch && { saleSwitch }),
    };
  });
  // Until the edge has pulled the change it still says SALE_PAUSED; the arbiter no longer does.
  if (wasPaused) await sleep(config.edgePullMs + PULL_MS);
  return { id, sale: { state: state! } };
}

/** The layout a session was frozen with, `LayoutColumns` as JSON. */
export async function frozenLayout(sessionId: string): Promise<Buffer | undefined> {
  const row = await modelOf<LayoutRow>(LAYOUTS).findByPk(sessionId, { raw: true });
  return row ? unzip((row as unknown as LayoutRow).layout) : undefined;
}

/** Fixes layout and prices. Of two at once one writes; the other finds it done. */
async function freeze(ctx: OwnedContext, drafted: SessionRow): Promise<void> {
  const json = await templateLayout(ctx, drafted.seatTemplateId);
  const columns = JSON.parse(json.toString()) as LayoutColumns;
  const prices = new Map(tiersIn(drafted).map(({ tier, priceFen }) => [tier, priceFen]));
  const missing = columns.tiers.map((tier) => ({ tier, seatCount: 1 }));
  const errors = unpriced(missing, prices);
  if (errors.length > 0) refuse('VALIDATION_FAILED', { errors });
  const layout = await zip(json);
  const { id } = drafted;
  await sessions.change(
    ctx,
    { id, ifMatch: null, action: 'freeze' },
    async (row, transaction): Promise<Partial<WrittenSession>> => {
      if (row.stage !== 'DRAFT') return {};
      if (row.version !== drafted.version) refuse('BUSY'); // changed while the layout was drawn
      const { layoutVersion, seatCount } = columns;
      const frozen: LayoutRow = { sessionId: id, layoutVersion, layout };
      await modelOf<LayoutRow>(LAYOUTS).create(frozen, { transaction });
      const tiers = tiersIn(row).filter(({ tier }) => columns.tiers.includes(tier));
      return { stage: 'FROZEN', layoutVersion, seatCount, tiers: JSON.stringify(tiers) };
    },
  );
}

async function templateLayout(ctx: OwnedContext, id: string): Promise<Buffer> {
  const stream = (await call(ctx, 'seat-template.layout', { id })) as Readable;
  return Buffer.concat(await stream.toArray());
}

/** Opens every seat of a sale that the arbiter does not have; the switch is turned afterwards. */
export async function open(
  ctx: Caller,
  row: SessionRow,
  to?: SaleSwitch,
): Promise<{ created: boolean }> {
  const layout = await frozenLayout(row.id);
  if (!layout) throw new Error(`session ${row.id} is ${row.stage} without a layout`);
  const params = {
    sale: row.id,
    pricesFen: Object.fromEntries(tiersIn(row).map(({ tier, priceFen }) => [tier, priceFen])),
    terms: saleTermsOf(row),
    ...(to && { to }),
  };
  const options = { stream: Readable.from([layout], { objectMode: false }), timeout: OPEN_MS };
  return answered(call(ctx, 'seckill.open', params, options));
}

async function answered<Result>(calling: Promise<Result>): Promise<Result> {
  try {
    return await calling;
  } catch (error) {
    if (AWAY.has((error as { type?: string }).type)) return refuse('BUSY');
    throw error;
  }
}
