/**
 * `.env.example` is written from `config/schema.ts`, never by hand: after a change of a setting,
 * `npx vitest run test/unit/env-example.test.ts -u` writes it again.
 */
import { expect, it } from 'vitest';
import { SETTINGS, type Setting } from '../../config/schema.ts';

const HEAD = `\
# Every setting with its default. Copy to .env, which npm start reads; a variable of the shell wins.
# What a running system was given is spelled out in <RUN_DIR>/env.json.
`;

function bounds(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
      return `; ${setting.min} to ${setting.max}`;
    case 'choice':
      return `; ${setting.choices.join(' or ')}`;
    case 'keyring':
      return '; kid:secret,…, made up at the first start of a sandbox';
    case 'publicKeys':
      return '; kid:RS256:key,kid:ES256:key,…, each key the base64 of its SPKI DER in one line';
    case 'flowRules':
      return '; each within the bounds that its kind has there';
    case 'text':
      return '';
  }
}

it('is the example of every setting, with its default, bounds and meaning', async () => {
  const rows = Object.values<Setting>(SETTINGS).map(
    (setting) => `\n# ${setting.means}${bounds(setting)}\n# ${setting.env}=${setting.default}\n`,
  );
  await expect(HEAD + rows.join('')).toMatchFileSnapshot('../../.env.example');
});
