/**
 * One line of JSON per event on stdout, written before the call returns, so that the last words of
 * a dying process are not lost. The supervisor decides which file they end in.
 */
import type { LoggerConfig } from 'moleculer';

/**
 * Moleculer says `(message, data, …)`, pino wants `(data, message)` and would drop the data: an
 * error becomes `err`, an object the fields of the line, anything else `detail`.
 */
export function pinoOrder(args: unknown[]): unknown[] {
  const [first, ...rest] = args;
  if (typeof first !== 'string' || rest.length === 0) return args;
  const fields: Record<string, unknown> = {};
  for (const one of rest) {
    if (one instanceof Error) fields.err = one;
    else if (typeof one === 'object' && one !== null) Object.assign(fields, one);
    else fields.detail = one;
  }
  return [fields, first];
}

/** The logger of every broker of this project. */
export const jsonLogger = (level: string): LoggerConfig => ({
  type: 'Pino',
  options: {
    level,
    pino: {
      options: {
        base: null,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label: string) => ({ level: label }) },
        hooks: {
          logMethod(
            this: object,
            args: unknown[],
            write: (this: object, ...rest: unknown[]) => void,
          ) {
            write.apply(this, pinoOrder(args));
          },
        },
      },
    },
  },
});
