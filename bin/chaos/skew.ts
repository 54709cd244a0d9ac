/**
 * Loaded into every Node process of a system under faults, before anything else: shifts what the
 * process believes the time to be by the number in a file of its own. Monotonic time and timers are
 * left alone, as they are when a real clock is set.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const EVERY_MS = 1_000;
const { CHAOS_CLOCKS: dir, INSTANCE: name } = process.env;

if (dir && name) {
  const file = join(dir, name);
  let shiftMs = 0;
  const look = () => {
    try {
      shiftMs = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      shiftMs = 0; // no file: the clock is right
    }
  };
  look();
  setInterval(look, EVERY_MS).unref();
  const RealDate = Date;
  const now = () => RealDate.now() + shiftMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, self) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, self),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}
