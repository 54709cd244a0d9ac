/**
 * What an operator types about settings that may change while everything runs: `config list`,
 * `config set dueBatch 500 --reason "…"`; `bin/repl.ts` brings the identity and does the printing.
 */
import { SETTINGS, type Setting, type SettingName } from '../../config/schema.ts';
import { type Caller, call } from '../../contracts/actions.ts';
import type { ConfigValue, ConfigView } from '../../contracts/config.ts';
import { refuse } from '../../contracts/errors.ts';

interface Typed {
  readonly verb: string;
  readonly setting?: string;
  readonly value?: string;
  readonly options: {
    readonly session?: string;
    readonly reason?: string;
    readonly revision?: string;
    readonly from?: string;
    readonly to?: string;
  };
}

const VERBS: Readonly<Record<string, (caller: Caller, typed: Typed) => Promise<unknown>>> = {
  async list(caller, { options: { session } }) {
    const { items, revision } = await call(caller, 'config-center.list', forSession(session));
    return { revision, settings: items.map(shortly) };
  },
  get: (caller, typed) => call(caller, 'config-center.get', placeOf(typed)),
  set: (caller, typed) =>
    call(caller, 'config-center.set', { ...changeOf(typed), value: typedValue(typed) }),
  unset: (caller, typed) => call(caller, 'config-center.unset', changeOf(typed)),
  history: (caller, typed) => call(caller, 'config-center.history', placeOf(typed)),
  rollback: (caller, typed) =>
    call(caller, 'config-center.rollback', {
      ...changeOf(typed),
      revision: Number(needed('revision', typed.options.revision)),
    }),
  diff: (caller, { options: { from, to } }) =>
    call(caller, 'config-center.diff', {
      ...(from !== undefined && { from: Number(from) }),
      ...(to !== undefined && { to: Number(to) }),
    }),
};

const forSession = (session: string | undefined) => (session === undefined ? {} : { session });

const shortly = ({ setting, value, from, start, min, max, means }: ConfigView) => ({
  setting,
  value,
  from,
  start,
  bounds: min === undefined ? '' : `${min}–${max}`,
  means,
});

/** @throws VALIDATION_FAILED when it was not typed */
function needed(name: string, text: string | undefined): string {
  if (text !== undefined) return text;
  const detail = `is needed: config ${Object.keys(VERBS).join('|')} …`;
  return refuse('VALIDATION_FAILED', {
    errors: [{ pointer: `/${name}`, code: 'required', detail }],
  });
}

const placeOf = ({ setting, options: { session } }: Typed) => ({
  setting: needed('setting', setting),
  ...forSession(session),
});
const changeOf = (typed: Typed) => ({
  ...placeOf(typed),
  reason: needed('reason', typed.options.reason),
});

/** What looks like a whole number is one, but for a text; `faultOf` says whether it may be. */
function typedValue({ setting = '', value: text }: Typed): ConfigValue {
  const value = needed('value', text);
  const row: Setting | undefined = SETTINGS[setting as SettingName];
  if (row?.type === 'text') return String(value);
  return /^-?\d+$/.test(value) ? Number(value) : value;
}

export const commands = [
  {
    command: 'config <verb> [setting] [value]',
    description: `settings that may change while everything runs: ${Object.keys(VERBS).join(', ')}`,
    alias: 'cf',
    options: [
      { option: '--reason <text>', description: 'why (a change needs it)' },
      { option: '--session <id>', description: 'for this one session only' },
      { option: '--revision <n>', description: 'rollback: whose value comes back' },
      { option: '--from <revision>', description: 'diff: from here (the environment)' },
      { option: '--to <revision>', description: 'diff: up to here (now)' },
    ],
    async action(caller: Caller, typed: Typed) {
      const verb = Object.hasOwn(VERBS, typed.verb) ? VERBS[typed.verb]! : undefined;
      return verb ? verb(caller, typed) : needed('verb', undefined);
    },
  },
];
