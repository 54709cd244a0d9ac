/**
 * What the drawing thread is asked to do: everything that touches a whole plan. Each task runs from
 * beginning to end without waiting, so that one plan at a time is in memory.
 */
import { gunzipSync } from 'node:zlib';
import type { Fault } from '../../contracts/errors.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';
import type { PlanHints } from '../../contracts/template.ts';
import { judgeBody, type Required, type TemplateBody } from './body.ts';
import { layoutOfPlan } from './layout.ts';
import { readPlan, type SeatingPlan } from './plan.ts';
import { Faults } from './rules.ts';

/** NATS carries 1 MiB; the rest is for what stands around it. */
const SKETCH_BYTES_MAX = 700 * 1_024;
const SKETCHED_MAX = 30_000;

const jsonOf = (packed: Uint8Array): string => gunzipSync(packed).toString();

export const TASKS = {
  /** What the body of a request says, and what is wrong with it. */
  judge: (
    bytes: Uint8Array,
    hints: PlanHints,
    required: readonly Required[],
  ): { body: TemplateBody; faults: Fault[] } => judgeBody(bytes, hints, required),

  /** What is wrong with a plan that is kept, when other zones shall stand. */
  rejudge: (packed: Uint8Array, standing: readonly string[]): Fault[] => {
    const faults = new Faults();
    readPlan(JSON.parse(jsonOf(packed)), standing, faults);
    return faults.all;
  },

  /** The layout of a kept plan, `LayoutColumns` as JSON. */
  draw: (packed: Uint8Array, standing: readonly string[]): Uint8Array => {
    const plan = JSON.parse(jsonOf(packed)) as SeatingPlan;
    return Buffer.from(JSON.stringify(layoutOfPlan(plan, standing)));
  },

  /** The layout of a body, where it is small enough to be answered in one message. */
  sketch: ({ columns, standing = [] }: TemplateBody): LayoutColumns | undefined => {
    if (!columns || columns.seatCount > SKETCHED_MAX) return undefined;
    const layout = layoutOfPlan(JSON.parse(jsonOf(columns.plan)) as SeatingPlan, standing);
    return Buffer.byteLength(JSON.stringify(layout)) > SKETCH_BYTES_MAX ? undefined : layout;
  },
} as const;

export type Tasks = typeof TASKS;
export type TaskName = keyof Tasks;

/** One question to the thread, and its answer. */
export interface Question {
  readonly id: number;
  readonly task: TaskName;
  readonly input: readonly unknown[];
}
export type Reply =
  | { readonly id: number; readonly answer: unknown }
  /** A refusal's word and what it carries: an error's own members do not cross threads. */
  | { readonly id: number; readonly word: string; readonly data: unknown }
  | { readonly id: number; readonly bug: string };
