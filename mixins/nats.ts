/**
 * How this project talks to NATS beside Moleculer: one place for what a connection does when NATS
 * is away. Once made it knocks for ever; what is asked meanwhile fails after its time.
 */
import { connect, ErrorCode, type NatsConnection, NatsError } from 'nats';

const CONNECT_MS = 1_000;

/** Where a url leads and as whom, and that one goes on knocking there. */
export function natsOptions(url: string) {
  const { hostname, port, username, password } = new URL(url);
  return {
    servers: `${hostname}:${port || 4_222}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    pingInterval: 10_000,
    maxPingOut: 3,
    ...(username && {
      user: decodeURIComponent(username),
      pass: decodeURIComponent(password),
    }),
  };
}

/** @throws NatsError when nobody answers there now, or does not let us in */
export const natsConnection = (url: string, name: string): Promise<NatsConnection> =>
  connect({ ...natsOptions(url), name, timeout: CONNECT_MS });

/** NATS is away, slow or full: nothing is wrong with what was asked. */
export const isNatsWeather = (error: unknown): error is NatsError => error instanceof NatsError;

/** There is no such stream. */
export const isNoStream = (error: unknown): boolean =>
  isNatsWeather(error) &&
  (error.api_error?.err_code === 10_059 || error.code === ErrorCode.JetStream404NoMessages);

/** Somebody else wrote first: the key is not at the revision the writer named. */
export const isStale = (error: unknown): boolean =>
  isNatsWeather(error) && error.api_error?.err_code === 10_071;
