/** What a row of `schema.ts` may say of a setting, and how such a row is written in one call. */

interface Common {
  readonly env: string;
  readonly means: string;
  /** Never printed. */
  readonly secret?: true;
  /** May change while everything runs. */
  readonly live?: true;
  /** May differ for one session. */
  readonly perSession?: true;
  /** Used by the edge: the supervisor reads it from the cache Redis. Never per session. */
  readonly edge?: true;
}
/** What a row may be beside its type; the last argument of its line. */
export type Marks = Pick<Setting, 'live' | 'perSession' | 'edge'>;
export const LIVE = { live: true } as const;
export const PER_SESSION = { live: true, perSession: true } as const;
export const EDGE = { live: true, edge: true } as const;

export type Setting = Common &
  (
    | {
        readonly type: 'integer';
        readonly default: number;
        readonly min: number;
        readonly max: number;
      }
    | { readonly type: 'text'; readonly default: string; readonly pattern?: RegExp }
    | { readonly type: 'choice'; readonly default: string; readonly choices: readonly string[] }
    /** A JSON list of flow rules: `contracts/flow.ts`. */
    | { readonly type: 'flowRules'; readonly default: string }
    /** `kid:secret,kid:secret`: the first signs, all verify. Each secret at least 32 characters. */
    | { readonly type: 'keyring'; readonly default: '' }
    /** `kid:algorithm:key,…`, each key the base64 of its SPKI DER: what others sign with. */
    | { readonly type: 'publicKeys'; readonly default: '' }
  );

export const integer = <M extends Marks = object>(
  env: string,
  value: number,
  min: number,
  max: number,
  means: string,
  marks?: M,
) => ({ env, type: 'integer', default: value, min, max, means, ...(marks as M) }) as const;
export const text = (
  env: string,
  value: string,
  means: string,
  secret?: true,
): Setting & { type: 'text' } => ({
  env,
  type: 'text',
  default: value,
  means,
  ...(secret && { secret }),
});
export const keyring = (env: string, means: string): Setting & { type: 'keyring' } => ({
  env,
  type: 'keyring',
  default: '',
  means,
  secret: true,
});
