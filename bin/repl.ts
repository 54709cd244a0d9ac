/**
 * `npm run repl`: an operator joins the running system as a node without services. With words after
 * `--` it answers one command and leaves: 0 with the answer, 1 with the refusal on stderr.
 */
import { connect } from 'node:net';
import { type BrokerOptions, ServiceBroker } from 'moleculer';
import { config } from '../config/index.ts';
import type { Caller } from '../contracts/actions.ts';
import type { Principal } from '../contracts/claims.ts';
import { wordOf } from '../contracts/errors.ts';
import { joining } from '../moleculer.config.ts';
import { commands as auditCommands } from '../services/audit/audit.repl.ts';
import { commands as configCommands } from '../services/config-center/config-center.repl.ts';
import { commands as flowCommands } from '../services/config-center/flow.repl.ts';
import { commands as orderCommands } from '../services/order/order.repl.ts';
import { commands as schedulerCommands } from '../services/scheduler/scheduler.repl.ts';
import { commands as seckillCommands } from '../services/seckill/seckill.repl.ts';
import { type Command, readLine, UsageError, usageOf } from './repl/command.ts';
import { show } from './repl/show.ts';

const COMMANDS: readonly Command[] = [
  ...seckillCommands,
  ...orderCommands,
  ...schedulerCommands,
  ...auditCommands,
  ...configCommands,
  ...flowCommands,
];
const OPERATOR: Principal = { uid: 'repl', role: 'operator' };
const ASKED = ['seckill', 'order'];
const FIND_MS = 5_000;

/** The broker as an operator uses it: every call says who asks. */
function asOperator(broker: ServiceBroker): Caller {
  return {
    call: (name, params, options) =>
      broker.call(name, params as object, {
        ...options,
        meta: { user: OPERATOR },
      }) as Promise<never>,
  };
}

/** One clear line when no system runs: a broker would knock for ever. */
async function expectRunning(): Promise<void> {
  const { hostname, port } = new URL(config.natsUrl);
  const socket = connect(Number(port || 4_222), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', () =>
      reject(new UsageError(`no system answers at ${hostname}:${port}: npm start first`)),
    );
  });
  socket.destroy();
}

async function join(options: BrokerOptions): Promise<ServiceBroker> {
  await expectRunning();
  const broker = new ServiceBroker({
    ...joining,
    ...options,
    nodeID: `repl-${process.pid}`,
    validator: false,
  });
  await broker.start();
  try {
    await broker.waitForServices(ASKED, FIND_MS);
  } catch (error) {
    await broker.stop();
    const missing = `no ${ASKED.join(' and ')} service answers in namespace ${config.namespace}`;
    throw new UsageError(missing, { cause: error });
  }
  return broker;
}

/** The first line of whatever went wrong, its word first when it is a refusal. */
function reason(error: unknown): string {
  const { message, data } = error as Error & { data?: unknown };
  const word = wordOf(error);
  return word ? `${word}: ${message}${data ? ` ${JSON.stringify(data)}` : ''}` : message;
}

async function once(argv: readonly string[]): Promise<void> {
  const { command, args, json } = readLine(COMMANDS, argv);
  const broker = await join({ logger: false });
  try {
    const answer = await command.action(asOperator(broker), args);
    process.stdout.write(`${json ? JSON.stringify(answer) : show(answer)}\n`);
  } finally {
    await broker.stop();
  }
}

async function interactive(): Promise<void> {
  const customCommands = COMMANDS.map(({ action, options, ...row }) => ({
    ...row,
    options: [...options, { option: '--json', description: 'as JSON' }],
    async action(broker: ServiceBroker, { options, ...args }: { options: { json?: boolean } }) {
      try {
        const answer = await action(asOperator(broker), { ...args, options });
        process.stdout.write(`${options.json ? JSON.stringify(answer) : show(answer)}\n`);
      } catch (error) {
        process.stdout.write(`${reason(error)}\n`);
      }
    },
  }));
  const broker = await join({
    logger: { type: 'Console', options: { level: 'warn' } },
    // The types of Moleculer 0.15 do not know it yet; its broker.repl() reads nothing else.
    ...({ replOptions: { delimiter: `${config.namespace} $`, customCommands } } as object),
  });
  process.stdout.write(`${usageOf(COMMANDS)}\n  help\n      everything else\n`);
  broker.repl();
}

try {
  const argv = process.argv.slice(2);
  if (argv.length === 0) await interactive();
  else if (argv[0] === '--help') process.stdout.write(`${usageOf(COMMANDS)}\n`);
  else await once(argv);
} catch (error) {
  process.stderr.write(`${reason(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
