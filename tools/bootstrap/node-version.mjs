// Compares versions of Node.js. Old syntax on purpose; see start.mjs.

/**
 * Whether `version` reaches `minimum`, the ">=20.19" of package.json's engines.
 * @param {string} version
 * @param {string} minimum
 */
export function satisfies(version, minimum) {
  const have = version.replace(/^v/, '').split('.').map(Number);
  const want = minimum
    .replace(/^>=\s*/, '')
    .split('.')
    .map(Number);
  for (let i = 0; i < want.length; i++) {
    const difference = (have[i] || 0) - (want[i] || 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
