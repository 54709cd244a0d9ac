/**
 * One line of JSON per event on stdout, written before the call returns, so that the last words of a
 * dying process are not lost. The supervisor decides which file they end in.
 */
import type { LoggerConfig } from 'moleculer';

/**
 * Moleculer says `(message, data)`, pino wants `(data, message)` and would drop the data: swaps them.
 * An error becomes `err`, anything else the fields of the line.
 */
export function pinoOrder(args: unknown[]): [object, string?, ...unknown[]] | unknown[] {
  const [first, second] = args;
  if (args.length !== 2 || typeof first !== 'string') return args;
  if (second instanceof Error) return [{ err: second }, first];
  return typeof second === 'object' && second !== null ? [second, first] : args;
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
