/**
 * What a human sees of a start: one line per step, with its seconds. On a terminal a running step
 * shows itself first; in a file only its end is written.
 */
import type { Step } from './system.ts';

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const TITLE_WIDTH = 58;

/** A {@link Step} that writes its lines to `out`. */
export function progressLines(out: NodeJS.WriteStream): Step {
  return async (title, work) => {
    const begunMs = performance.now();
    if (out.isTTY) out.write(`  … ${title}`);
    const end = (sign: string) =>
      out.write(
        `${out.isTTY ? '\r' : ''}  ${sign} ${title.padEnd(TITLE_WIDTH)} ${seconds(performance.now() - begunMs)}\n`,
      );
    try {
      const result = await work();
      end('✓');
      return result;
    } catch (error) {
      end('✗');
      throw error;
    }
  };
}

/** One line about something that happened while the system runs. */
export function eventLine(out: NodeJS.WriteStream, text: string): void {
  out.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
}
