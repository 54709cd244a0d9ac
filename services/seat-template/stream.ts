/** Bodies and plans cross processes as streams of bytes: they may be a hundred times a message. */
import { Readable } from 'node:stream';
import { refuse } from '../../contracts/errors.ts';

export const BODY_BYTES_MAX = 32 * 1_024 * 1_024;
/** All bodies that are being read at this moment. */
const GATHERED_BYTES_MAX = 4 * BODY_BYTES_MAX;

let gathered = 0;

/** Reads a stream to its end. @throws BODY_TOO_LARGE; BUSY while many large ones are being read */
export async function bytesOf(stream: Readable, max = BODY_BYTES_MAX): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      gathered += bytes.length;
      if (size > max) refuse('BODY_TOO_LARGE');
      if (gathered > GATHERED_BYTES_MAX) refuse('BUSY');
      chunks.push(bytes);
    }
    return Buffer.concat(chunks, size);
  } finally {
    gathered -= size;
  }
}

/** Bytes, not objects: the bus sends an object stream chunk by chunk as JSON. */
export const streamed = (bytes: Uint8Array): Readable =>
  Readable.from([Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)], {
    objectMode: false,
  });
