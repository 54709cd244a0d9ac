/** What every file of the house keeps to: its size, its head, its words. */
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { codeOf, files, PRODUCT, SCRIPTS, type SourceFile } from './repository.ts';

/** Aim at 300: a file has one subject. Beyond this it certainly has two. */
const LINES_MAX = 400;
/** Aim at 70: a function fits a screen. */
const FUNCTION_LINES_MAX = 100;
const COLUMNS_MAX = 100;

const scripts = files(SCRIPTS);
const lua = files(['.lua']);
const code = [...scripts, ...lua, ...files(['.conf', '.template', '.vue', '.css'])];

const faultsIn = (sources: readonly SourceFile[], wrong: (line: string) => boolean): string[] =>
  sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (wrong(line) ? [`${path}:${i + 1}`] : [])),
  );

/** Functions longer than the limit; a suite of tests is a list, not a function. */
function longFunctions({ path, text }: SourceFile): string[] {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line;
      const first = lineOf(node.getStart());
      const length = lineOf(node.end) - first + 1;
      if (length > FUNCTION_LINES_MAX) found.push(`${path}:${first + 1} has ${length} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe('a file', () => {
  it('has one subject: it is not longer than 400 lines', () => {
    const long = code.filter(({ text }) => text.split('\n').length > LINES_MAX + 1);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
  it('says in its first line what lives there', () => {
    const headless = scripts.filter(({ text }) => !/^(#![^\n]*\n)?(\/\*\*|\/\/)/.test(text));
    expect(headless.map(({ path }) => path)).toEqual([]);
    expect(
      lua.filter(({ text }) => !/^(#![^\n]*\n)?--/.test(text)).map(({ path }) => path),
    ).toEqual([]);
  });
  it('is no drawer for what has no home', () => {
    const drawers =
      /(^|\/)(utils?|helpers?|common|misc|types)\.[a-z]+$|\/(utils?|helpers?|common)\//;
    expect(code.filter(({ path }) => drawers.test(path)).map(({ path }) => path)).toEqual([]);
  });
});

describe('a line', () => {
  it('fits 100 columns', () => {
    expect(faultsIn(code, (line) => [...line].length > COLUMNS_MAX)).toEqual([]);
  });
  it('ends where it ends: no trailing space, no tab, no carriage return', () => {
    expect(faultsIn(code, (line) => /[ \t\r]$|\t/.test(line))).toEqual([]);
  });
});

describe('a function', () => {
  it('is not longer than 100 lines', () => {
    const outside = scripts.filter(({ path }) => !path.startsWith('test/'));
    expect(outside.flatMap(longFunctions)).toEqual([]);
  });
});

describe('a word', () => {
  // Written in two pieces, so that this file does not find itself.
  const promises = new RegExp(
    `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'X' + 'XX'].join('|')})\\b`,
  );
  const documents = files(['.md', '.json', '.sh', '.yml', '.yaml', '.example']);

  it('is not a promise for later', () => {
    expect(faultsIn([...code, ...documents], (line) => promises.test(line))).toEqual([]);
  });
  it('skips no test and singles none out', () => {
    const chosen = /\b(it|test|describe)(\.[a-z]+)*\.(only|skip|todo|fails|runIf|skipIf)\b/;
    const tests = scripts.filter(({ path }) => path.startsWith('test/'));
    const text = tests.map(({ path, text }) => ({ path, text: codeOf(text) }));
    expect(faultsIn(text, (line) => chosen.test(line))).toEqual([]);
  });
  it('names no place of one machine', () => {
    const homes = ['wo' + 'rk', 'ho' + 'me', 'Us' + 'ers', 'ro' + 'ot'];
    const places = new RegExp(`/(${homes.join('|')})/|\\b[CD]:[\\\\]`);
    expect(faultsIn([...code, ...documents], (line) => places.test(line))).toEqual([]);
  });
  it('is logged by the broker’s logger, not printed', () => {
    const product = files(SCRIPTS, PRODUCT).map(({ path, text }) => ({ path, text: codeOf(text) }));
    expect(faultsIn(product, (line) => /\bconsole\./.test(line))).toEqual([]);
  });
  it('for an error is never silence: no empty catch', () => {
    // A sleep that was called off has not failed.
    const calledOff = /\{ signal(: [\w.]+)? \}\)\.catch\(\(\) => undefined\)/g;
    const text = scripts.map(({ path, text }) => ({
      path,
      text: text.replace(/\s*\n\s*/g, ' ').replace(calledOff, ''),
    }));
    const silent = /catch\s*(\([^)]*\))?\s*\{\s*\}/;
    const swallowed = /\.catch\(\s*(\(\s*\w*\s*\)|\w+)\s*=>\s*(\{\s*\}|undefined|null)\s*,?\s*\)/;
    const quiet = ({ text }: SourceFile) => silent.test(text) || swallowed.test(text);
    expect(text.filter(quiet).map(({ path }) => path)).toEqual([]);
  });
});
