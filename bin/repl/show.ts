/** Answers of the REPL for a human: names beside values, lists as tables. */
import Table from 'cli-table3';

const style = { head: [], border: [] };
/** No line between rows. */
const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const word = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');

function tableOf(rows: readonly Fields[]): string {
  const head = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = new Table({ head, style, chars });
  table.push(...rows.map((row) => head.map((name) => word(row[name]))));
  return table.toString();
}

/** Anything an action may answer, as text without a trailing newline. */
export function show(answer: unknown): string {
  if (Array.isArray(answer))
    return answer.length === 0
      ? 'none'
      : tableOf(answer.map((row) => (isFields(row) ? row : { '': row })));
  if (!isFields(answer)) return word(answer);
  const lists = Object.entries(answer).filter(([, value]) => Array.isArray(value));
  const table = new Table({ style, chars });
  for (const [name, value] of Object.entries(answer))
    if (!Array.isArray(value)) table.push([name, word(value)]);
  return [table.toString(), ...lists.map(([name, list]) => `${name}\n${show(list)}`)].join('\n');
}
