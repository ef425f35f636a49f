// Which word of a Node.js command line is the script: node's own options come before it, some with a word of value.

/**
 * Long options that take their value from the next word when it does not follow a `=`: all that `node --help` shows
 * with `=…` in Node 20 to 26 (a test compares), and their other names.
 */
const WITH_VALUE = new Set(
  `allow-fs-read allow-fs-write bench-isolation bench-name-pattern bench-reporter bench-reporter-destination
  bench-samples bench-warmup build-sea build-snapshot-config conditions cpu-prof-dir cpu-prof-interval cpu-prof-name
  debug-port diagnostic-dir disable-proto disable-warning dns-result-order env-file env-file-if-exists eval
  experimental-config-file experimental-default-type experimental-loader experimental-package-map experimental-policy
  experimental-sea-config experimental-test-isolation experimental-test-tag-filter heap-prof-dir heap-prof-interval
  heap-prof-name heapsnapshot-near-heap-limit heapsnapshot-signal icu-data-dir import input-type inspect-port
  inspect-publish-uid loader localstorage-file max-http-header-size max-old-space-size-percentage
  network-family-autoselection-attempt-timeout openssl-config policy-integrity redirect-warnings report-dir
  report-directory report-filename report-signal require run secure-heap secure-heap-min security-revert
  snapshot-blob test-concurrency test-coverage-branches test-coverage-exclude test-coverage-functions
  test-coverage-include test-coverage-lines test-global-setup test-isolation test-name-pattern test-random-seed
  test-reporter test-reporter-destination test-rerun-failures test-shard test-skip-pattern test-timeout title
  tls-cipher-list tls-keylog trace-event-categories trace-event-file-pattern trace-require-module
  unhandled-rejections use-largepages v8-pool-size vfs-load vfs-mount watch-kill-signal watch-path`.split(
    /\s+/,
  ),
);
const SHORT_WITH_VALUE = new Set(['-r', '-C']);

/** Options with which Node runs something else than a script file. */
const NO_SCRIPT = /^(-[epi]|-pe|--(eval|print|run|interactive|test)(=.*)?|-)$/;

/** Whether `--name` takes a value from the next word. */
export const takesValue = (name: string): boolean => WITH_VALUE.has(name);

/** The word that names the script, as it was written; undefined when there is none (`node -e …`, standard input). */
export function scriptWord(argv: readonly string[]): string | undefined {
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--') return argv[i + 1];
    if (NO_SCRIPT.test(word)) return undefined;
    if (!word.startsWith('-')) return word;
    // Node takes _ for - in the names of options.
    const name = word.slice(2).replaceAll('_', '-');
    if (SHORT_WITH_VALUE.has(word) || (word.startsWith('--') && takesValue(name))) i++;
  }
  return undefined;
}
