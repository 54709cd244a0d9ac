/**
 * The rows of `config/processes.ts` and the edge as programs of the supervisor.
 */
import { join, resolve } from 'node:path';
import { type Config, edgeOrigin, grayRows } from '../../config/index.ts';
import { type Instance, instancesOf, type ProcessRow } from '../../config/processes.ts';
import { shownBy } from '../certificate.ts';
import { renderEdge } from '../edge.ts';
import { answersOk, bodyOf, type Question } from './health.ts';
import { loggedIn, type NatsUsers } from './nats-users.ts';
import type { Program } from './program.ts';

const REPO = resolve(import.meta.dirname, '../..');
const RUNNER = join(REPO, 'node_modules/moleculer/bin/moleculer-runner.js');

/** Every process of this configuration's mode. @param users of a NATS of our own */
export function processPrograms(config: Config, users?: NatsUsers): Program[] {
  return instancesOf(config.portBase, config.mode, grayRows(config)).map((instance) => {
    const program = processProgram(instance, config.runDir);
    // Nobody else is told what it takes to write settings, nor is it written down for tools.
    if (!users || instance.row.name !== 'config-center') return program;
    const own = { NATS_URL: loggedIn(config.natsUrl, 'config-center', users) };
    return { ...program, env: { ...program.env, ...own } };
  });
}

/** The edge waits for open streams, and it is the live door that ends them: the two go together. */
const waveOf = ({ door }: ProcessRow): Program['wave'] =>
  door === 'live' ? 'edge' : door ? 'doors' : 'services';

function processProgram({ name, row, port }: Instance, runDir: string): Program {
  return {
    name,
    command: process.execPath,
    args: [
      `--max-old-space-size=${row.heapMiB}`,
      RUNNER,
      ...['--config', 'moleculer.config.ts', '--mask', '**/*.service.ts'],
      ...row.services.map((service) => `services/${service}`),
    ],
    env: {
      INSTANCE: name,
      NODEID: name,
      // Types stripped and code compiled once: half of what a process does at its start.
      NODE_COMPILE_CACHE: join(runDir, 'compiled'),
    },
    wave: waveOf(row),
    drainSignal: 'SIGTERM',
    ready: () => answersOk(`http://127.0.0.1:${port}/ready`),
    lacks: () => bodyOf(`http://127.0.0.1:${port}/ready`),
    readyMs: 60_000,
  };
}

/** The private tree of the edge. */
export const edgeDir = (config: Config): string => join(config.runDir, 'edge');

/** The edge, its private tree written to `<run dir>/edge`. */
export function edgeProgram(config: Config): Program {
  const dir = edgeDir(config);
  const { command, args } = renderEdge(config, dir);
  return {
    name: 'edge',
    command,
    args,
    wave: 'edge',
    drainSignal: 'SIGQUIT',
    ready: () => edgeAnswers(config, '/readyz'),
    lacks: () => bodyOf(`${edgeUrl(config)}/readyz`, certified(config)),
    readyMs: 20_000,
    logs: [join(dir, 'access.log'), join(dir, 'error.log')],
  };
}

/** True when the edge of this machine answers with a 2xx; a `body` is posted as JSON. */
export const edgeAnswers = (config: Config, path: string, body?: object): Promise<boolean> =>
  answersOk(`${edgeUrl(config)}${path}`, { ...certified(config), ...(body && { body }) });

/** How this machine reaches the edge, whatever the outside calls it. */
function edgeUrl(config: Config): string {
  const isAny = config.edgeHost === '0.0.0.0' || config.edgeHost === '::';
  return edgeOrigin(config, isAny ? '127.0.0.1' : config.edgeHost);
}

/** Its certificate may be for the name the outside calls it by: here it is known by itself. */
const certified = (config: Config): Question =>
  config.edgeTls === 'off' ? {} : { certificate: shownBy(config) };
