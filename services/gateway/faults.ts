/**
 * What is wrong with a request, in the words of its sender: the validator's complaints as JSON
 * pointers and one sentence each, in zh-CN and en.
 */
import type { Fault } from '../../contracts/errors.ts';

export type Language = 'zh-CN' | 'en';

/** A complaint of the validator, as it crosses the bus. */
export interface Complaint {
  readonly type: string;
  readonly field?: string;
  readonly actual?: unknown;
  readonly expected?: unknown;
}

type Sentence = (expected: unknown) => string;
interface FaultRow {
  readonly zh: Sentence;
  readonly en: Sentence;
}

const UNKNOWN_FIELD = 'unknownField';

const plain = (zh: string, en: string): FaultRow => ({ zh: () => zh, en: () => en });
const bound = (zh: string, en: string): FaultRow => ({
  zh: (expected) => `${zh} ${expected}`,
  en: (expected) => `${en} ${expected}`,
});

/** The sentence of each code. A code without a row says only that the value is wrong. */
const FAULTS: Readonly<Record<string, FaultRow>> = {
  [UNKNOWN_FIELD]: plain('不接受此字段', 'is not accepted here'),
  required: plain('必填', 'is required'),
  repeatedParameter: plain('只能出现一次', 'may be given only once'),
  notAnObject: plain('请求体必须是 JSON 对象', 'the body must be a JSON object'),
  exactlyOne: bound('必须且只能给出其中之一：', 'give exactly one of'),
  string: plain('必须是字符串', 'must be a string'),
  stringEmpty: plain('不能为空', 'must not be empty'),
  stringMin: bound('长度不能小于', 'must have at least this many characters:'),
  stringMax: bound('长度不能大于', 'must have at most this many characters:'),
  stringPattern: plain('格式不正确', 'does not have the required form'),
  stringEnum: bound('必须是其中之一：', 'must be one of'),
  enumValue: bound('必须是其中之一：', 'must be one of'),
  number: plain('必须是数字', 'must be a number'),
  numberInteger: plain('必须是整数', 'must be a whole number'),
  numberMin: bound('不能小于', 'must be at least'),
  numberMax: bound('不能大于', 'must be at most'),
  boolean: plain('必须是 true 或 false', 'must be true or false'),
  instant: plain('必须是存在的 RFC 3339 时刻', 'must be a moment of RFC 3339 that exists'),
  instantOrDay: plain(
    '必须是存在的 RFC 3339 时刻或日期（UTC）',
    'must be a moment of RFC 3339, or a day, that exists',
  ),
  array: plain('必须是数组', 'must be an array'),
  arrayEmpty: plain('不能为空', 'must not be empty'),
  arrayMin: bound('元素个数不能少于', 'must have at least this many items:'),
  arrayMax: bound('元素个数不能多于', 'must have at most this many items:'),
  object: plain('必须是对象', 'must be an object'),
};
const ANY = plain('内容不正确', 'is not acceptable');

/** What kind of fault it is, in zh-CN, where a service says the particulars in its own words. */
const KINDS: Readonly<Record<string, string>> = {
  array: '必须是数组',
  bounds: '不在允许的范围内',
  choice: '不是可选的值',
  deep: '嵌套过深',
  empty: '不能为空',
  encoding: '不是有效的 Unicode 文本',
  exactlyOne: '必须且只能给出其中之一',
  finite: '必须是有限的数字',
  integer: '必须是整数',
  long: '过长或过多',
  malformed: '格式不正确',
  mixed: '前后不一致',
  more: '还有错误未列出',
  notAnObject: '请求体必须是 JSON 对象',
  number: '必须是数字',
  otherVenue: '属于另一个场馆',
  range: '超出范围',
  repeated: '重复',
  required: '缺少必需的内容',
  string: '必须是字符串',
  stringEmpty: '不能为空',
  stringMax: '过长',
  type: '类型不正确',
  unknown: '所指的内容不存在',
  unknownField: '不接受此字段',
  window: '时间窗口不正确',
};

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** `seats[0]` and `best.count`, as the validator names them, to `/seats/0` and `/best/count`. */
export function pointerOf(field: string): string {
  const names = field.replace(/\[['"]?([^\]'"]*)['"]?\]/g, '.$1').split('.');
  return names
    .filter((name) => name !== '')
    .map((name) => `/${escaped(name)}`)
    .join('');
}

/** One fault in a language. */
export function fault(
  pointer: string,
  code: string,
  language: Language,
  expected?: unknown,
): Fault {
  const row = FAULTS[code] ?? ANY;
  return { pointer, code, detail: (language === 'en' ? row.en : row.zh)(expected) };
}

/**
 * The faults a validator's complaints amount to. Unknown members of one object arrive as a single
 * complaint; each becomes a fault of its own.
 */
export function faultsOf(complaints: readonly Complaint[], language: Language): Fault[] {
  return complaints.flatMap(({ type, field = '', actual, expected }) => {
    const parent = pointerOf(field);
    if (type !== 'objectStrict') return [fault(parent, type, language, expected)];
    return String(actual)
      .split(', ')
      .map((name) => fault(`${parent}/${escaped(name)}`, UNKNOWN_FIELD, language));
  });
}

/** The same fault in another language; the particulars a service gave stay as it gave them. */
export const inLanguage = (given: Fault & { expected?: unknown }, language: Language): Fault => {
  const { pointer, code, detail, expected } = given;
  if (code in FAULTS && !detail) return fault(pointer, code, language, expected);
  const kind = language === 'zh-CN' ? KINDS[code] : undefined;
  return { pointer, code, detail: kind ? `${kind}（${detail}）` : detail };
};
