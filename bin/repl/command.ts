/**
 * What a command of `services/x/x.repl.ts` looks like, and how one is read from a command line as
 * the REPL itself would read it.
 */
import { parseArgs } from 'node:util';
import type { Caller } from '../../contracts/actions.ts';

export interface Command {
  /** `name <argument> [argument that may be left out]` */
  readonly command: string;
  readonly description: string;
  readonly alias: string;
  readonly options: readonly { readonly option: string; readonly description: string }[];
  // biome-ignore lint/suspicious/noExplicitAny: each command names its own arguments
  action(caller: Caller, args: any): Promise<unknown>;
}

/** A line that is no command; its message says what would be one. */
export class UsageError extends Error {}

const nameOf = ({ command }: Command) => command.split(' ')[0]!;
const argumentsOf = ({ command }: Command) =>
  [...command.matchAll(/<(\w+)>|\[(\w+)\]/g)].map(([, needed, optional]) => ({
    name: (needed ?? optional)!,
    needed: needed !== undefined,
  }));
const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** One line per command, for a human. */
export const usageOf = (commands: readonly Command[]): string =>
  commands
    .map(({ command, options, description }) => {
      const flags = options.map(({ option }) => ` [${option}]`).join('');
      return `  ${command}${flags}\n      ${description}`;
    })
    .join('\n');

export interface Line {
  readonly command: Command;
  readonly args: Readonly<Record<string, unknown>>;
  readonly json: boolean;
}

/** Reads `seat <session> <seat> --json` and its like. @throws UsageError */
export function readLine(commands: readonly Command[], argv: readonly string[]): Line {
  const [word, ...rest] = argv;
  const command = commands.find((row) => nameOf(row) === word || row.alias === word);
  if (!command) throw new UsageError(`${word} is no command. There are:\n${usageOf(commands)}`);
  const flags = command.options.map(({ option }) => {
    const [, name, value] = /^--([\w-]+)(?: <(\w+)>)?$/.exec(option)!;
    return [name!, { type: value ? 'string' : 'boolean' }] as const;
  });
  const { values, positionals } = parse(rest, Object.fromEntries(flags));
  const names = argumentsOf(command);
  const least = names.filter(({ needed }) => needed).length;
  if (positionals.length < least || positionals.length > names.length)
    throw new UsageError(`usage: ${usageOf([command])}`);
  const { json = false, ...options } = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [camel(name), value]),
  );
  const named = Object.fromEntries(
    names.slice(0, positionals.length).map(({ name }, i) => [name, positionals[i]]),
  );
  return { command, args: { ...named, options }, json: json === true };
}

function parse(args: string[], flags: Record<string, { type: 'string' | 'boolean' }>) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { ...flags, json: { type: 'boolean' } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
