/**
 * Bodies before they are parsed: from bytes to text, whatever a spreadsheet wrote them in, and how
 * much is in them. What a parser would make of a text must be known to fit before it is let loose:
 * 32 MB of `{}` become a gigabyte of objects.
 */
import { refuse } from '../../contracts/errors.ts';

/** 30 values per seat of the biggest hall; a plan has about ten. */
export const VALUES_MAX = 3_000_000;
/** Deeper text is not worth a parser's time. */
export const NESTING_MAX = 100_000;

/** A table of more lines is too long to be looked at line by line. */
const LINES_MAX = 110_000;

const BOMS: readonly { readonly bytes: readonly number[]; readonly encoding: string }[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
];

type Decoder = InstanceType<typeof TextDecoder>;

/** The decoder of a charset's name, or undefined when nobody knows it. */
function decoderOf(charset: string): Decoder | undefined {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    return undefined;
  }
}

function textIn(bytes: Uint8Array, one: Decoder): string | undefined {
  try {
    return one.decode(bytes);
  } catch {
    return undefined; // not text in this encoding
  }
}

const decoder = (encoding: string): Decoder => new TextDecoder(encoding, { fatal: true });

/** JSON is UTF-8, nothing else. @throws BODY_MALFORMED */
export const jsonText = (bytes: Uint8Array): string =>
  textIn(bytes, decoder('utf-8')) ?? refuse('BODY_MALFORMED');

/**
 * The text of a table: in the encoding its byte order mark says, else its charset, else UTF-8 when
 * it is that, else GB18030, which is what a Chinese spreadsheet saves (GBK and GB2312 are in it).
 * @returns the numbers of the lines that are no text in that encoding, when there are any
 */
export function tableText(
  bytes: Uint8Array,
  charset?: string,
): { text: string; bad: number[]; encoding?: string } {
  const marked = BOMS.find((bom) => bom.bytes.every((byte, i) => bytes[i] === byte))?.encoding;
  const said = marked ?? charset;
  const tried = said === undefined ? ['utf-8', 'gb18030'].map(decoder) : [decoderOf(said)];
  for (const one of tried) {
    const text = one && textIn(bytes, one);
    if (text !== undefined) return { text, bad: [], encoding: one!.encoding };
  }
  const last = tried.at(-1);
  return { text: '', bad: last ? badLines(bytes, last) : [1] };
}

/** In every encoding of ours that is not UTF-16 a line ends with a byte that is nothing else. */
function badLines(bytes: Uint8Array, one: Decoder): number[] {
  if (one.encoding.startsWith('utf-16')) return [1];
  const bad: number[] = [];
  for (let from = 0, line = 1; from < bytes.length && line <= LINES_MAX; line++) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end;
    if (textIn(bytes.subarray(from, to), one) === undefined) bad.push(line);
    from = to + 1;
  }
  return bad;
}

/** What is in a JSON text, seen without parsing it. */
export interface Extent {
  /** About how many values there are, up to one more than {@link VALUES_MAX}. */
  readonly values: number;
  readonly depth: number;
  /** Where the value of the wanted member of the outermost object begins and ends. */
  readonly member?: readonly [from: number, to: number];
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * Walks through a JSON text. Of text that is no JSON it says something, and its parser no.
 * @param wanted a member; when it stands twice the last counts, as it does for a parser
 */
export function extentOf(json: string, wanted: string): Extent {
  let [values, deepest, depth, from, name] = [1, 0, 0, -1, ''];
  let member: readonly [number, number] | undefined;
  const ends = (at: number) => {
    if (depth === 1 && from >= 0) member = [from, at];
    if (depth === 1) from = -1;
  };
  for (let i = 0; i < json.length && values <= VALUES_MAX; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOfString(json, i);
      if (depth === 1 && from < 0) name = json.slice(i, Math.min(end, i + 200) + 1);
      i = end;
    } else if (code === COMMA) {
      ends(i);
      values++;
    } else if (code === COLON) {
      if (depth === 1 && from < 0 && named(name, wanted)) from = i + 1;
    } else if (OPEN.has(code)) {
      values++;
      deepest = Math.max(deepest, ++depth);
    } else if (CLOSE.has(code)) {
      ends(i);
      depth--;
    }
  }
  return { values, depth: deepest, ...(member && { member }) };
}

/** A name may be written with escapes. */
function named(quoted: string, wanted: string): boolean {
  if (quoted === `"${wanted}"`) return true;
  if (!quoted.includes('\\')) return false;
  try {
    return JSON.parse(quoted) === wanted;
  } catch {
    return false; // too long to be it, or no name at all
  }
}

function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return json.length;
}
