/**
 * A file with a plan on its way to the backend. The text of a JSON plan is put into the request as
 * it stands, so that it can be downloaded again letter for letter; a table goes as it is.
 */
import { bearer, Refused, unreachable } from '../../api.ts';
import { language } from '../../i18n.ts';

export const FILE_BYTES_MAX = 32 * 1_024 * 1_024;
/** Around a plan there is a name, and little else. */
const ENVELOPE_BYTES = 64 * 1_024;

export interface PlanFile {
  readonly name: string;
  readonly bytes: number;
  readonly form: 'table' | 'json';
  /** Of a table. */
  readonly blob?: Blob;
  /** Of a JSON plan. */
  readonly text?: string;
  /** Zones one may stand in, as far as the file names them. */
  readonly zones: readonly string[];
}
/** What is said of a plan beside it. */
export interface Around {
  readonly venueId?: string;
  readonly name?: string;
  readonly standing?: readonly string[];
}
export interface Drawn extends Around {
  readonly generate: object;
}

export type FileFault = 'tooLarge' | 'empty' | 'notJson';
export class Unreadable extends Error {
  readonly fault: FileFault;
  readonly line: number | undefined;
  constructor(fault: FileFault, line?: number) {
    super(fault);
    this.fault = fault;
    this.line = line;
  }
}

const TABLE = /\.(csv|tsv|txt)$/i;

interface Zoned {
  readonly zones?: readonly { readonly name?: unknown; readonly zone_id?: unknown }[];
}
function zonesIn(plan: unknown): string[] {
  const { zones } = (plan ?? {}) as Zoned;
  if (!Array.isArray(zones)) return [];
  const named = (zones as NonNullable<Zoned['zones']>).map(
    (zone, z) => zone?.name || zone?.zone_id || `Zone ${z + 1}`,
  );
  return [...new Set(named.map(String))];
}

/** How much of the text before a fault a browser quotes. */
const QUOTED_BEFORE = 10;
/** In which line a text stops being JSON, as far as the browser says: a place, or a quotation. */
function lineOf(error: unknown, text: string): number | undefined {
  const said = String((error as Error).message);
  const quoted = /\.\.\."(.*?)"(?:\.\.\.)? is not valid JSON$/s.exec(said)?.[1];
  const from = quoted === undefined ? -1 : text.indexOf(quoted);
  const isOnly = from >= 0 && text.indexOf(quoted!, from + 1) < 0;
  const place = /position (\d+)/.exec(said)?.[1] ?? (isOnly ? from + QUOTED_BEFORE : undefined);
  return place === undefined ? undefined : text.slice(0, Number(place)).split('\n').length;
}

/** @throws Unreadable */
export async function readPlanFile(file: File): Promise<PlanFile> {
  const { name, size: bytes } = file;
  if (bytes > FILE_BYTES_MAX - ENVELOPE_BYTES) throw new Unreadable('tooLarge');
  if (bytes === 0) throw new Unreadable('empty');
  if (TABLE.test(name) || file.type === 'text/csv')
    return { name, bytes, form: 'table', blob: file, zones: [] };
  const text = await file.text();
  try {
    return { name, bytes, form: 'json', text, zones: zonesIn(JSON.parse(text)) };
  } catch (error) {
    throw new Unreadable('notJson', lineOf(error, text));
  }
}

interface Request {
  readonly type: string;
  readonly query: string;
  readonly body: string | Blob;
}
export function requestOf(plan: PlanFile | Drawn, around: Around): Request {
  const { venueId, name, standing } = around;
  if ('form' in plan && plan.form === 'table') {
    const said = Object.entries({ venueId, name }).filter(([, value]) => value);
    const query = new URLSearchParams(said as [string, string][]);
    return { type: 'text/csv', query: `?${query}`, body: plan.blob! };
  }
  const fields = JSON.stringify({ venueId, name, ...(standing?.length && { standing }) });
  if (!('form' in plan)) {
    const body = JSON.stringify({ ...JSON.parse(fields), generate: plan.generate });
    return { type: 'application/json', query: '', body };
  }
  const begun = fields === '{}' ? '{' : `${fields.slice(0, -1)},`;
  return { type: 'application/json', query: '', body: `${begun}"plan":${plan.text}}` };
}

export interface Sending {
  readonly method: 'POST' | 'PATCH';
  readonly path: string;
  readonly version?: number;
  /** How much of it is there, from 0 to 1. */
  readonly heard: (part: number) => void;
}

const said = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
};

/** Sends a plan, and says how far it has come: `fetch` does not know. @throws Refused */
export function send<Answer>(
  request: Request,
  { method, path, version, heard }: Sending,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const going = new XMLHttpRequest();
    going.open(method, `/api/v1/admin/seat-templates${path}${request.query}`);
    going.setRequestHeader('Content-Type', request.type);
    going.setRequestHeader('Accept-Language', language.value);
    going.setRequestHeader('Authorization', `Bearer ${bearer()}`);
    if (version !== undefined) going.setRequestHeader('If-Match', `"${version}"`);
    going.upload.onprogress = ({ loaded, total }) => heard(total === 0 ? 1 : loaded / total);
    going.onerror = () => reject(unreachable());
    going.onload = () => {
      const answer = said(going.responseText);
      if (going.status >= 200 && going.status < 300) return resolve(answer as Answer);
      const word = String(answer.code ?? (going.status === 413 ? 'BODY_TOO_LARGE' : 'INTERNAL'));
      const detail = String(answer.detail ?? answer.title ?? going.status);
      return reject(new Refused(word, going.status, detail, answer));
    };
    going.send(request.body);
  });
}

/** Hands a text to whoever sits at the browser, as a file. */
export function saveText(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
