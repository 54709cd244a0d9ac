/**
 * `npm run rush`: a crowd of virtual buyers on the running system, and proof that it stayed sound.
 * Exit 0 when every invariant holds, 1 when one is broken, 2 when the rush could not take place.
 */
import { connect } from 'node:net';
import { config } from '../config/index.ts';
import { RUSH_USAGE, readOptions, UsageError } from './rush/options.ts';
import { isSound, print } from './rush/report.ts';
import { rush } from './rush/run.ts';

/** One clear line when nothing listens there. */
async function expectRunning(url: string): Promise<void> {
  const { hostname, port, protocol } = new URL(url);
  const socket = connect(Number(port || (protocol === 'https:' ? 443 : 80)), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', () =>
      reject(new UsageError(`nothing answers at ${url}: npm start first`)),
    );
  });
  socket.destroy();
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(RUSH_USAGE);
  else {
    await expectRunning(options.url ?? config.publicUrl);
    const report = await rush(options, config, options.json ? undefined : process.stderr);
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : print(report));
    process.exitCode = isSound(report) ? 0 : 1;
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`rush: ${error.message}\n`);
  process.exitCode = 2;
}
