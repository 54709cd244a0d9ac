/**
 * What a human sees of a start: one line per step, with its seconds. On a terminal a running step
 * shows itself first; in a file only its end is written.
 */
import type { Step } from './system.ts';

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const TITLE_WIDTH = 46;
const ERASE_LINE = '\u001b[K';

/** A {@link Step} that writes its lines to `out`. */
export function progressLines(out: NodeJS.WriteStream): Step {
  return async (title, work) => {
    const begunMs = performance.now();
    const running = (detail = '') => {
      if (out.isTTY) out.write(`\r${ERASE_LINE}  … ${title}  ${detail}`);
    };
    const done = (sign: string) => {
      const took = seconds(performance.now() - begunMs);
      const line = `  ${sign} ${title.padEnd(TITLE_WIDTH)} ${took}\n`;
      out.write(out.isTTY ? `\r${ERASE_LINE}${line}` : line);
    };
    running();
    try {
      const result = await work(running);
      done('✓');
      return result;
    } catch (error) {
      done('✗');
      throw error;
    }
  };
}

/** One line about something that happened while the system runs. */
export function eventLine(out: NodeJS.WriteStream, text: string): void {
  out.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
}
