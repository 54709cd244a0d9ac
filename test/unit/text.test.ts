/** Bodies before they are parsed: which bytes are which text, and how much is in it. */
import { constants } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  extentOf,
  jsonText,
  NESTING_MAX,
  tableText,
  VALUES_MAX,
} from '../../services/seat-template/text.ts';

const GBK = Buffer.from([0xc7, 0xf8, 0x2c, 0xc5, 0xc5, 0x0a, 0xd7, 0xf9]); // 区,排\n座

describe('the text of a table', () => {
  test.each([
    ['UTF-8', Buffer.from('区,排'), undefined, '区,排'],
    ['UTF-8 with its mark', Buffer.from('\ufeff区,排'), undefined, '区,排'],
    ['GBK, which it does not say', GBK, undefined, '区,排\n座'],
    ['GBK, which it says', GBK, 'GBK', '区,排\n座'],
    ['UTF-16 with its mark', Buffer.from('\ufeff区,排', 'utf16le'), undefined, '区,排'],
    ['UTF-8 by its mark, whatever it says', Buffer.from('\ufeff区'), 'gbk', '区'],
    ['GB18030 beyond GBK', Buffer.from([0x81, 0x39, 0xee, 0x39, 0x41]), 'gb18030', '㐀A'],
  ])('is found in %s', (_what, bytes, charset, text) => {
    expect(tableText(bytes, charset)).toMatchObject({ text, bad: [] });
  });

  test('that is none is named line by line', () => {
    const bytes = Buffer.from([0x41, 0x0a, 0xff, 0x0a, 0x41, 0x0a, 0xff, 0xff]);
    expect(tableText(bytes)).toEqual({ text: '', bad: [2, 4] });
    expect(tableText(GBK, 'utf-8')).toEqual({ text: '', bad: [1, 2] });
  });

  test('in an encoding nobody knows is none', () => {
    expect(tableText(GBK, 'klingon')).toEqual({ text: '', bad: [1] });
  });
});

test('JSON is UTF-8 and nothing else', () => {
  expect(jsonText(Buffer.from('\ufeff"区"'))).toBe('"区"');
  expect(() => jsonText(GBK)).toThrow();
});

describe('the extent of a JSON text', () => {
  const member = (json: string, wanted = 'plan') => {
    const at = extentOf(json, wanted).member;
    return at && json.slice(...at).trim();
  };

  test('says where a member stands, letter for letter', () => {
    expect(member('{"a":{"plan":1}, "plan" : {"b": [1.0, 1e3]} , "c":2}')).toBe(
      '{"b": [1.0, 1e3]}',
    );
    expect(member('{"plan":1,"plan":"}\\",\\\\"}')).toBe('"}\\",\\\\"');
    expect(member('{"pl\\u0061n":[{}]}')).toBe('[{}]');
    expect(member('{"a":"plan","b":["plan",1]}')).toBeUndefined();
    expect(member('["plan",{"plan":1}]')).toBeUndefined();
  });

  test('of any JSON finds what a parser would', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.oneof(fc.constantFrom('plan', 'p"', '__proto__'), fc.string()),
          fc.jsonValue(),
        ),
        fc.nat(3),
        (value, indent) => {
          const json = JSON.stringify(value, null, indent);
          const parsed = JSON.parse(json) as Record<string, unknown>;
          const found = member(json);
          expect(found === undefined).toBe(!Object.hasOwn(parsed, 'plan'));
          if (found !== undefined) expect(JSON.parse(found)).toEqual(parsed.plan);
          expect(extentOf(json, 'plan').values).toBeGreaterThanOrEqual(valuesOf(parsed));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('of text that is no JSON is bounded and never an error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\p') }), (text) => {
        expect(extentOf(text, 'plan').values).toBeLessThan(text.length + 2);
      }),
    );
  });

  test('counts what would become objects, and nothing inside of words', () => {
    expect(extentOf('{"a":[[],{}],"b":"[{,"}', 'plan').values).toBe(7);
  });

  test('stops counting where it is too much', () => {
    const text = '[],'.repeat(5_000_000);
    expect(text.length).toBeLessThan(constants.MAX_STRING_LENGTH);
    expect(extentOf(`[${text}[]]`, 'plan').values).toBeLessThanOrEqual(VALUES_MAX + 2);
    expect(extentOf('['.repeat(200_000), 'plan').depth).toBeGreaterThan(NESTING_MAX);
  });
});

const valuesOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, item) => sum + valuesOf(item), 0)
    : 1;
