/**
 * What an entry of a stream says, or why it cannot be handled; and which failures of a handler no
 * repetition can cure. Nothing here throws: a poisoned entry must not stop anybody.
 */
import { CHANNELS, type ChannelName } from '../../contracts/channels.ts';
import { REFUSALS, wordOf } from '../../contracts/errors.ts';

/** An entry as Redis gives it: its id, and name, value, name, value, … */
export type Entry = readonly [id: string, fields: readonly string[] | null];

export interface Message {
  readonly payload: Record<string, unknown>;
  /** Moleculer's context headers (`$requestID`, `$meta`, …), all strings. */
  readonly headers: Record<string, string> | undefined;
}
export type Decoded =
  | { readonly message: Message; readonly fault?: undefined }
  | { readonly message?: undefined; readonly fault: string };

/** Reads an entry of a channel. The middleware trusts headers blindly, so they are checked here. */
export function decode(channel: ChannelName, fields: readonly string[]): Decoded {
  const [payloadName, payloadText, headersName, headersText] = fields;
  if (payloadName !== 'payload') return { fault: 'the first field is not payload' };
  const payload = parsed(payloadText ?? '');
  if (!isObject(payload)) return { fault: 'payload is not a JSON object' };
  const fault = faultOf(channel, payload);
  if (fault) return { fault };
  const headers = headersName === 'headers' ? parsed(headersText ?? '') : undefined;
  if (headers !== undefined && !areHeaders(headers)) return { fault: 'headers cannot be read' };
  return { message: { payload, headers } };
}

/** True when the same message would fail the same way for ever. */
export function isPermanent(error: unknown): boolean {
  const word = wordOf(error);
  if (word !== undefined) return !REFUSALS[word].retry;
  const { name, type } = error as { name?: string; type?: string };
  return name === 'ValidationError' && type === 'VALIDATION_ERROR';
}

function faultOf(channel: ChannelName, payload: Record<string, unknown>): string | undefined {
  for (const [field, kind] of Object.entries(CHANNELS[channel].fields)) {
    const value = payload[field];
    const actual = Array.isArray(value) ? 'array' : typeof value;
    if (actual !== kind) return `${field} is ${actual}, not ${kind}`;
  }
  return undefined;
}

/** The context of a message travels as base64 JSON in these two. */
const ENCODED = ['$meta', '$headers'];

function areHeaders(value: unknown): value is Record<string, string> {
  if (!isObject(value)) return false;
  if (!Object.values(value).every((text) => typeof text === 'string')) return false;
  return ENCODED.every((name) => {
    const text = value[name];
    return typeof text !== 'string' || isObject(parsed(Buffer.from(text, 'base64').toString()));
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value, or a marker that is no JSON object: an unreadable text has no value to give. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return Symbol.for('unreadable');
  }
}
