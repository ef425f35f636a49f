// Check: the lock file names packages by name and version only, never the address they came from.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Lines of a pnpm lock file that hold an address. A `deprecated:` remark is its author's text and may.
 * @param {string} text
 */
export function addresses(text) {
  let inRemark = false;
  return text.split('\n').flatMap((line, i) => {
    const key = /^ {4}([\w-]+):/.exec(line)?.[1];
    if (key !== undefined || /^ {0,3}\S/.test(line)) inRemark = key === 'deprecated';
    const bad = !inRemark && (/\btarball:/.test(line) || /[a-z+]+:\/\//.test(line));
    return bad ? [`line ${i + 1}: ${line.trim()}`] : [];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const found = addresses(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'));
  for (const line of found) console.log(`pnpm-lock.yaml: ${line}`);
  console.log(`lock file: ${found.length} addresses`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
