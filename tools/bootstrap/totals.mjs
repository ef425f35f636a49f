// Counts of passed, failed and skipped tests, and how each runner's own words are read into them.

import { stripVTControlCharacters } from 'node:util';

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/** @returns {Totals} */
export const none = () => ({ passed: 0, failed: 0, skipped: 0 });

/**
 * @param {Totals[]} all
 * @returns {Totals}
 */
export const sum = (all) =>
  all.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    none(),
  );

/** @param {Totals} totals */
export const line = (totals) => `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`;

/** @param {Totals} totals */
export const ran = (totals) => totals.passed + totals.failed;

/**
 * The last line of an output that begins "N passed, N failed[, N skipped]", with or without a word and a colon
 * before it.
 * @param {string} output
 * @returns {Totals | undefined} undefined when no line says so
 */
export function fromClosingLine(output) {
  const lines = [...output.matchAll(/^(?:\S+: *)?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\b/gm)];
  const last = lines.at(-1);
  if (!last) return undefined;
  return { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3] ?? 0) };
}

/**
 * The totals of vitest's JSON report. A file that could not even be loaded counts as one failed test.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[] }} report
 * @returns {Totals}
 */
export function fromVitest(report) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * The totals of `node --test` from the summary that its TAP reporter ends with.
 * @param {string} tap
 * @returns {Totals | undefined} undefined when the summary is missing: the runner did not come to its end
 */
export function fromTap(tap) {
  /** @param {string} word */
  const count = (word) => {
    const found = [...tap.matchAll(new RegExp(`^# ${word} (\\d+)$`, 'gm'))].at(-1);
    return found ? Number(found[1]) : undefined;
  };
  const [passed, failed, cancelled, skipped, todo] = ['pass', 'fail', 'cancelled', 'skipped', 'todo'].map(
    count,
  );
  if (passed === undefined || failed === undefined) return undefined;
  return { passed, failed: failed + (cancelled ?? 0), skipped: (skipped ?? 0) + (todo ?? 0) };
}

/** So much of what a runner says about an error is repeated behind all else, where short logs still have it. */
const REPEATED_LINES = 40;

/**
 * What a runner said of errors that are no test's: from the first of them on. Empty when it said nothing.
 * @param {string} output
 */
export function errorsIn(output) {
  const lines = stripVTControlCharacters(output).split('\n');
  // Not the names of tests that passed, which speak of such things too.
  const first = lines.findIndex(
    (line) => !/[✓✔]/.test(line) && /unhandled|uncaught|failed suites|timed? ?out|terminat/i.test(line),
  );
  return first < 0 ? '' : lines.slice(first, first + REPEATED_LINES).join('\n');
}
