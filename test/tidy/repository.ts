/**
 * The repository as the tidy tests read it: every file a human wrote, by its path. A room is the
 * folder whose rules a file lives under: `contracts`, `services/order`, `bin`, …
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Made by a machine, or brought by one: nobody is held to style there. */
const MADE = ['package-lock.json', 'openapi.json', 'schema.d.ts'];
const NOT_OURS = ['node_modules', 'coverage', 'dist', ...MADE];
/** Hidden files are tools' and notes, but for these. */
const SCRATCH = /^\.(?!ci$|env\.example$|gitignore$|luacheckrc$)/;

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.includes(entry.name) || SCRATCH.test(entry.name)) return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

const everything = walk(ROOT).map((path) => relative(ROOT, path).replaceAll('\\', '/'));

/** The files whose names end in one of `endings`, under one of `roots` (all when none is given). */
export function files(endings: readonly string[], roots: readonly string[] = ['']): SourceFile[] {
  return everything
    .filter((path) => endings.includes(extname(path)))
    .filter((path) => roots.some((root) => path.startsWith(root)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

export const SCRIPTS = ['.ts', '.mts', '.mjs', '.js'];
/** What runs in production: everything but tests, benches, tools and documents. */
export const PRODUCT = [
  'contracts/',
  'config/',
  'lua/',
  'mixins/',
  'services/',
  'moleculer.config',
];

/** The room a file lives in. */
export function roomOf(path: string): string {
  const [top, second] = path.split('/');
  if (top === 'services') return `services/${second}`;
  return path.includes('/') ? top! : path;
}

/** Comments blanked out, lines and columns kept: what is left is what runs. */
export function codeOf(text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ');
  return text
    .replace(
      /(^|[^:'"`\\])\/\/[^\n]*/g,
      (all, before: string) => before + blank(all.slice(before.length)),
    )
    .replace(/\/\*[\s\S]*?\*\//g, blank);
}

export interface Import {
  readonly from: string;
  /** A path of the repository, or the name of a package. */
  readonly to: string;
  readonly inside: boolean;
}

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g;

/** Every import of a file, types included: a type is a dependency too. */
export function importsOf({ path, text }: SourceFile): Import[] {
  return [...codeOf(text).matchAll(IMPORT)].map(([, target]) => {
    const inside = target!.startsWith('.');
    const to = inside
      ? normalize(join(dirname(path), target!)).replaceAll('\\', '/')
      : target!.replace(/^((?:@[^/]+\/)?[^/]+).*$/, '$1');
    return { from: path, to, inside };
  });
}

export const exists = (path: string): boolean => existsSync(join(ROOT, path));
