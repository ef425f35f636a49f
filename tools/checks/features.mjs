// Check: the feature table of each package has all of its rows, and what the rows name exists.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Rows of the inventory of Flow-IPC's features (numbered 1 to 262) that each package answers for, in its FEATURES.md.
 * @typedef {{ first: number, last: number, also?: number[] }} Range `also` is rows of elsewhere in the inventory
 */

/** @type {Record<string, Range>} */
export const ROWS = {
  core: { first: 1, last: 78 },
  structured: { first: 79, last: 123 },
  session: { first: 124, last: 168, also: [261] },
  shm: { first: 169, last: 198 },
  'shm-arena-lend': { first: 199, last: 222 },
};

/** Says, where a row's files would be, that there is nothing to implement, and why. */
const NOT_APPLICABLE = /^not applicable in TypeScript: \S/;

/**
 * One line of a table, four cells: `| 7 | title | where | tests |`. `where` is paths between backticks, relative to
 * the package, with free words around them; or `not applicable in TypeScript: why`, and then `tests` may be `-`.
 * `tests` is a list with `<br>` between: a path between backticks, then ` › ` and the title of a test in that file.
 * @typedef {object} Row
 * @property {number} number
 * @property {string} title
 * @property {string} where
 * @property {string} tests
 */

/**
 * @param {string} text of a FEATURES.md
 * @returns {Row[]}
 */
export function rowsOf(text) {
  return [...text.matchAll(/^\| *(\d+) *\|(.*)\|$/gm)].map(([, number, rest = '']) => {
    // A bar within a cell is written \|.
    const [title = '', where = '', tests = ''] = rest
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    return { number: Number(number), title, where, tests };
  });
}

/**
 * What is wrong with a table, one sentence each.
 * @param {Row[]} rows
 * @param {Range} range
 * @param {(path: string) => string | undefined} read the text of a file of the package, undefined when there is none
 * @returns {string[]}
 */
export function featureProblems(rows, { first, last, also = [] }, read) {
  const problems = [];
  const found = rows.map((row) => row.number);
  const due = [...Array.from({ length: last - first + 1 }, (_, i) => first + i), ...also];
  for (const number of due) {
    const times = found.filter((n) => n === number).length;
    if (times !== 1) problems.push(`row ${number} is there ${times} times`);
  }
  for (const row of rows) {
    if (!due.includes(row.number)) problems.push(`row ${row.number} belongs to another package`);
    problems.push(...rowProblems(row, read).map((problem) => `row ${row.number}: ${problem}`));
  }
  return problems;
}

/**
 * @param {Row} row
 * @param {(path: string) => string | undefined} read
 */
function rowProblems({ title, where, tests }, read) {
  const problems = [];
  const paths = [...where.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
  const exempt = NOT_APPLICABLE.test(where);
  if (title === '') problems.push('has no title');
  if (!exempt && paths.length === 0) problems.push('names no file');
  if (!exempt) {
    for (const path of paths) if (read(path) === undefined) problems.push(`there is no file ${path}`);
  }
  if (exempt && tests === '-') return problems;
  for (const test of tests.split('<br>')) {
    const [, path = '', name = ''] = /^`([^`]+)` › (.+)$/.exec(test.trim()) ?? [];
    if (name === '') {
      problems.push(`"${test.trim()}" is not a file and the title of a test`);
      continue;
    }
    const text = read(path);
    if (text === undefined) problems.push(`there is no file ${path}`);
    else if (!hasTest(text, name)) problems.push(`${path} has no test "${name}"`);
  }
  return problems;
}

/**
 * Whether a test's source has a title: as a string of its own that is the first argument of a call or, in a suite that
 * is a table of tests, a `name:` or the name of a property.
 */
function hasTest(/** @type {string} */ text, /** @type {string} */ title) {
  return ["'", '"', '`'].some((quote) => {
    const written = quote + title.replaceAll(quote, `\\${quote}`) + quote;
    for (let at = text.indexOf(written); at >= 0; at = text.indexOf(written, at + 1)) {
      if (/(\(|\bname:)\s*$/.test(text.slice(0, at))) return true;
      if (/^: *(async\b|\(|[a-z]\w*[[(.])/.test(text.slice(at + written.length))) return true;
    }
    return false;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  let count = 0;
  let wrong = 0;
  for (const [name, range] of Object.entries(ROWS)) {
    const folder = join(root, 'packages', name);
    const table = join(folder, 'FEATURES.md');
    if (!existsSync(table)) {
      console.log(`packages/${name}: no FEATURES.md for rows ${range.first} to ${range.last}`);
      wrong++;
      continue;
    }
    const rows = rowsOf(readFileSync(table, 'utf8'));
    const read = (/** @type {string} */ path) =>
      existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : undefined;
    for (const problem of featureProblems(rows, range, read)) {
      console.log(`packages/${name}/FEATURES.md: ${problem}`);
      wrong++;
    }
    count += rows.length;
  }
  console.log(`features: ${count} rows, ${wrong} problems`);
  process.exitCode = wrong > 0 ? 1 : 0;
}
