/** What a value of a setting must be, whoever says it: the environment or the config centre. */
import { faultOfRules } from '../contracts/flow.ts';
import type { Setting } from './setting.ts';

const MIN_SECRET = 32;
export const KID = /^[a-z0-9]{1,16}$/;

/**
 * Why a value cannot be that of a setting, in words; undefined when it can. Never the value.
 * @param stored it was taken before, perhaps by another release
 */
export function faultOf(setting: Setting, value: unknown, stored = false): string | undefined {
  switch (setting.type) {
    case 'integer': {
      const { min, max } = setting;
      const fits = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
      return fits ? undefined : `must be a whole number from ${min} to ${max}`;
    }
    case 'choice':
      return setting.choices.includes(value as string)
        ? undefined
        : `must be one of ${setting.choices.join(', ')}`;
    case 'flowRules':
      return faultOfRules(value, stored);
    case 'keyring':
      return keysIn(String(value)).every(
        ([kid, secret = '']) => KID.test(kid) && secret.length >= MIN_SECRET,
      )
        ? undefined
        : `must be kid:secret,…, each secret at least ${MIN_SECRET} characters`;
    case 'publicKeys': // made into keys at start, by config/index.ts, and at no other time
      return 'is read at start only';
    case 'text':
      if (typeof value !== 'string') return 'must be text';
      return setting.pattern && !setting.pattern.test(value)
        ? `must match ${setting.pattern}`
        : undefined;
  }
}

/** The keys of a ring as it is written, in their order. */
export const keysIn = (text: string): [kid: string, secret: string][] =>
  text === '' ? [] : text.split(',').map((item) => item.split(':') as [string, string]);
