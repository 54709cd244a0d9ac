/** The live stream of a hall, read as a page would read it, and folded onto a snapshot. */
import { request } from 'undici';

export interface StreamEvent {
  readonly event: string;
  readonly id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails otherwise
  readonly data: any;
}

export interface HallStream {
  readonly events: readonly StreamEvent[];
  close(): void;
}

function parse(block: string): StreamEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const cut = line.indexOf(':');
      return [line.slice(0, cut), line.slice(cut + 1).trimStart()] as const;
    }),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  const id = fields.get('id');
  return { event: fields.get('event') ?? 'message', data: JSON.parse(data), ...(id && { id }) };
}

/** Opens the stream and gathers its events until it is closed. */
export async function openHallStream(
  url: string,
  sessionId: string,
  headers: Record<string, string> = {},
): Promise<HallStream> {
  const stop = new AbortController();
  const { statusCode, body } = await request(`${url}/api/v1/sessions/${sessionId}/stream`, {
    signal: stop.signal,
    headers: { accept: 'text/event-stream', ...headers },
    bodyTimeout: 0,
  });
  if (statusCode !== 200) throw new Error(`stream: ${statusCode} ${await body.text()}`);
  const events: StreamEvent[] = [];
  const read = async () => {
    let text = '';
    for await (const chunk of body) {
      text += chunk;
      for (let cut = text.indexOf('\n\n'); cut !== -1; cut = text.indexOf('\n\n')) {
        const event = parse(text.slice(0, cut));
        if (event) events.push(event);
        text = text.slice(cut + 2);
      }
    }
  };
  read().catch((error) => {
    if (!stop.signal.aborted) events.push({ event: 'broken', data: String(error) });
  });
  return { events, close: () => stop.abort() };
}

/** The snapshot after every delta that is newer than it. */
export function fold(
  snapshot: { readonly version: number; readonly states: string },
  events: readonly StreamEvent[],
): { version: number; states: string } {
  const marks = [...snapshot.states];
  let { version } = snapshot;
  for (const { event, data } of events) {
    if (event !== 'seats' || data.v <= version) continue;
    for (const [seat, mark] of data.moves) marks[seat] = String(mark);
    version = data.v;
  }
  return { version, states: marks.join('') };
}
