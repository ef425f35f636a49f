// What the check of the feature tables finds.
import { expect, it } from 'vitest';
import { featureProblems, rowsOf } from '../features.mjs';

const files: Record<string, string> = {
  'src/a.ts': '',
  'test/a.test.ts': `
    it('does a', () => {});
    it.each([1])(
      "does b's work", () => {});
    // 'only a comment'
    const x = 'no test';
    const table = { 'does c': async () => {}, 'no test either': 1 };
    const scenario = { name: 'does d' };`,
};
const problems = (...lines: string[]) =>
  featureProblems(rowsOf(lines.join('\n')), { first: 1, last: lines.length }, (path) => files[path]);

it('has nothing to say about a table that is right', () => {
  const table = [
    '| 1 | A | `src/a.ts` | `test/a.test.ts` › does a |',
    "| 2 | B \\| C | `src/a.ts`, and words | `test/a.test.ts` › does a<br>`test/a.test.ts` › does b's work |",
    '| 3 | C | `src/a.ts` | `test/a.test.ts` › does c<br>`test/a.test.ts` › does d |',
    '| 4 | D | not applicable in TypeScript: because | - |',
  ];
  expect(problems(...table)).toEqual([]);
  expect(rowsOf(table[1]!)[0]!.title).toBe('B | C');
});

it.each([
  ['| 2 | A | `src/a.ts` | `test/a.test.ts` › does a |', ['row 1 is there 0 times', 'row 2 belongs']],
  ['| 1 |  | `src/a.ts` | `test/a.test.ts` › does a |', ['row 1: has no title']],
  ['| 1 | A | somewhere | `test/a.test.ts` › does a |', ['row 1: names no file']],
  ['| 1 | A | `src/b.ts` | `test/a.test.ts` › does a |', ['row 1: there is no file src/b.ts']],
  ['| 1 | A | `src/a.ts` | `test/b.test.ts` › does a |', ['row 1: there is no file test/b.test.ts']],
  ['| 1 | A | `src/a.ts` | `test/a.test.ts` › does |', ['has no test "does"']],
  ['| 1 | A | `src/a.ts` | `test/a.test.ts` › no test |', ['has no test "no test"']],
  ['| 1 | A | `src/a.ts` | `test/a.test.ts` › no test either |', ['has no test "no test either"']],
  ['| 1 | A | `src/a.ts` | `test/a.test.ts` › only a comment |', ['has no test "only a comment"']],
  ['| 1 | A | `src/a.ts` | - |', ['row 1: "-" is not a file and the title of a test']],
  ['| 1 | A | not applicable in TypeScript: | - |', ['row 1: names no file', 'row 1: "-" is not']],
])('of %s it says what is wrong', (line, expected) => {
  const said = problems(line);
  expect(said).toHaveLength(expected.length);
  for (const [i, part] of expected.entries()) expect(said[i]).toContain(part);
});

it('finds rows that are there twice', () => {
  const line = '| 1 | A | `src/a.ts` | `test/a.test.ts` › does a |';
  expect(problems(line, line)).toEqual(['row 1 is there 2 times', 'row 2 is there 0 times']);
});

it('wants the rows of elsewhere that a package answers for, and no others', () => {
  const row = (number: number) => `| ${number} | A | \`src/a.ts\` | \`test/a.test.ts\` › does a |\n`;
  const check = (...numbers: number[]) =>
    featureProblems(
      rowsOf(numbers.map(row).join('')),
      { first: 1, last: 1, also: [9] },
      (path) => files[path],
    );
  expect(check(1, 9)).toEqual([]);
  expect(check(1)).toEqual(['row 9 is there 0 times']);
  expect(check(1, 9, 8)).toEqual(['row 8 belongs to another package']);
});
