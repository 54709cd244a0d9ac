/**
 * The rows of `config/processes.ts` and the edge as programs of the supervisor.
 */
import { join, resolve } from 'node:path';
import { type Config, edgeOrigin } from '../../config/index.ts';
import { type Instance, instancesOf } from '../../config/processes.ts';
import { shownBy } from '../certificate.ts';
import { renderEdge } from '../edge.ts';
import { answersOk, bodyOf, type Question } from './health.ts';
import type { Program } from './program.ts';

const REPO = resolve(import.meta.dirname, '../..');
const RUNNER = join(REPO, 'node_modules/moleculer/bin/moleculer-runner.js');

/** Every process of this configuration's mode. */
export function processPrograms(config: Config): Program[] {
  return instancesOf(config.portBase, config.mode).map((instance) =>
    processProgram(instance, config.runDir),
  );
}

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
    wave: row.door ? 'doors' : 'services',
    drainSignal: 'SIGTERM',
    ready: () => answersOk(`http://127.0.0.1:${port}/ready`),
    lacks: () => bodyOf(`http://127.0.0.1:${port}/ready`),
    readyMs: 60_000,
  };
}

/** The edge, its private tree written to `<run dir>/edge`. */
export function edgeProgram(config: Config): Program {
  const dir = join(config.runDir, 'edge');
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
