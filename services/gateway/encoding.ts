/**
 * Answers packed at their source. Only what is the same for everybody is worth it: the edge keeps
 * each encoding, so that a layout of megabytes is packed once and sent small to a whole hall. A
 * private answer is small, and packing what holds a secret beside what a stranger chose tells of
 * the secret (BREACH).
 */
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  type BrotliOptions,
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  gzip,
} from 'node:zlib';

export interface Encoding {
  readonly name: string;
  /** Off the event loop, in zlib's own threads. */
  pack(body: string | Buffer): Promise<Buffer>;
  packer(): Transform;
}

/** What fits a network packet anyway stays as it is. */
const PACKED_FROM_BYTES = 1_024;
/** Half of what gzip makes of a layout, for three times its time; more quality gains nothing. */
const BROTLI: BrotliOptions = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
  },
};

const brotlied = promisify<string | Buffer, BrotliOptions, Buffer>(brotliCompress);
const gzipped = promisify<string | Buffer, Buffer>(gzip);

const ENCODINGS: readonly Encoding[] = [
  {
    name: 'br',
    pack: (body) => brotlied(body, BROTLI),
    packer: () => createBrotliCompress(BROTLI),
  },
  { name: 'gzip', pack: (body) => gzipped(body), packer: () => createGzip() },
];

/**
 * How an answer is packed for a reader; undefined: not at all. The edge has boiled down whatever
 * the reader said to one word, or none; what is no such word means that nothing is asked for.
 * @param bytes length of the body, when it is known
 */
export const encodingFor = (accepted: unknown, bytes = Infinity): Encoding | undefined =>
  bytes < PACKED_FROM_BYTES ? undefined : ENCODINGS.find(({ name }) => name === accepted);

/** The tag of a packed answer: other bytes, so another strong tag. */
export const tagPacked = (tag: string, { name }: Encoding): string =>
  tag.replace(/"$/, `-${name}"`);
