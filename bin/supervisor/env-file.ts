/**
 * Imported first by what a human starts by hand: the settings of a `.env` beside package.json, if
 * there is one. A variable that is set already wins.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const path = resolve(import.meta.dirname, '../../.env');
if (existsSync(path)) process.loadEnvFile(path);
