/** What a human sees while the buyers are on their way: a bar, or plain lines where none fits. */
import { Presets, SingleBar } from 'cli-progress';
import type { Tally } from './tally.ts';

const EVERY_MS = 250;
const LINE_EVERY_MS = 2_000;

/** Shows how many roads have ended, until `stop`. Silent when `out` is undefined. */
export function showProgress(
  tally: Tally,
  buyers: number,
  out: NodeJS.WriteStream | undefined,
): { stop(): void } {
  if (!out) return { stop: () => undefined };
  const words = () => ({
    locks: tally.accepted.length,
    paid: tally.endings.get('paid') ?? 0,
    refused: [...tally.refused.values()].reduce((sum, n) => sum + n, 0),
  });
  if (!out.isTTY) {
    const say = () => {
      const { locks, paid, refused } = words();
      const done = `${tally.done}/${buyers} buyers`;
      out.write(`${done}, ${locks} locks, ${paid} paid, ${refused} refused\n`);
    };
    const timer = setInterval(say, LINE_EVERY_MS);
    return { stop: () => [clearInterval(timer), say()] };
  }
  const format = '{bar} {value}/{total} buyers · {locks} locks · {paid} paid · {refused} refused';
  const bar = new SingleBar({ format, stream: out, hideCursor: true }, Presets.shades_classic);
  bar.start(buyers, 0, words());
  const timer = setInterval(() => bar.update(tally.done, words()), EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      bar.update(tally.done, words());
      bar.stop();
    },
  };
}
