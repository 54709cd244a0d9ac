/** A layout comes in as a stream of JSON, because it outgrows a message; here it ends being one. */
import { refuse } from '../../contracts/errors.ts';
import type { LayoutColumns } from '../../contracts/layout.ts';

/** A layout of 100,000 seats is about 6 MB. */
const LAYOUT_MAX_BYTES = 32 * 1_024 * 1_024;

/** Reads the stream of a call to its end. @throws BODY_TOO_LARGE, BODY_MALFORMED */
export async function layoutIn(stream: unknown): Promise<LayoutColumns> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of (stream ?? []) as AsyncIterable<Buffer | string>) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > LAYOUT_MAX_BYTES) refuse('BODY_TOO_LARGE');
    chunks.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as LayoutColumns;
  } catch {
    return refuse('BODY_MALFORMED'); // cut off on its way, or no layout at all
  }
}
