/**
 * The last thing a start prints: where everything is, who may log in, what it costs in memory.
 */
import type { Config } from '../../config/index.ts';
import type { DemoSummary } from '../seed.ts';
import { memoryOf } from './memory.ts';
import type { Supervisor } from './supervisor.ts';

const MiB = 1024 * 1024;
const COLUMNS = 3;

/** The text of the table, without a final newline. */
export function summary(
  config: Config,
  supervisor: Supervisor,
  demo: DemoSummary | undefined,
): string {
  return [places(config, demo), accounts(config), memory(supervisor)].filter(Boolean).join('\n\n');
}

function places(config: Config, demo: DemoSummary | undefined): string {
  const api = `${config.publicUrl}/api/v1`;
  return rows([
    ['edge', config.publicUrl],
    ['health', `${config.publicUrl}/readyz`],
    ['shows', `${api}/shows`],
    ...(demo?.shows ?? []).map(({ title, url }): [string, string] => [title, url]),
    ['live stream', `${demo?.shows[0]?.url ?? `${api}/sessions/<session>`}/stream`],
    ...(config.edgeTls === 'self-signed' ? [['certificate', config.edgeTlsCert] as const] : []),
    ['logs', `${config.runDir}/log/`],
  ]);
}

/** The one door to an account in the sandbox: a token for whoever asks. */
function accounts(config: Config): string {
  if (config.mode === 'production') return '';
  const trusting = config.edgeTls === 'self-signed' ? ` --cacert ${config.edgeTlsCert}` : '';
  const line = (uid: string, role: string) =>
    `curl${trusting} -X POST ${config.publicUrl}/api/v1/dev/token ` +
    `-H 'content-type: application/json' -d '{"uid":"${uid}","role":"${role}"}'`;
  return rows([
    ['buyer', line('demo-buyer', 'buyer')],
    ['organiser', line('demo-organiser', 'organiser')],
    ['operator', line('demo-operator', 'operator')],
  ]);
}

function memory(supervisor: Supervisor): string {
  const used = [...memoryOf(supervisor), ['supervisor', process.memoryUsage.rss()] as const];
  const sum = used.reduce((total, [, bytes]) => total + bytes, 0);
  const cells = used.map(
    ([name, bytes]) => `${name.padEnd(12)} ${String(Math.round(bytes / MiB)).padStart(5)} MiB`,
  );
  const lines = Array.from({ length: Math.ceil(cells.length / COLUMNS) }, (_, i) =>
    cells.slice(i * COLUMNS, (i + 1) * COLUMNS).join('    '),
  );
  const total = `${'resident'.padEnd(12)} ${String(Math.round(sum / MiB)).padStart(5)} MiB in all`;
  return [...lines, total].map((line) => `  ${line}`).join('\n');
}

function rows(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => columns(name)));
  return pairs
    .map(([name, text]) => `  ${name}${' '.repeat(width - columns(name))}  ${text}`)
    .join('\n');
}

/** Columns a text takes on a terminal: a Chinese character takes two. */
const columns = (text: string): number =>
  [...text].reduce((sum, char) => sum + (char > '\u2e7f' ? 2 : 1), 0);
