// Check: what the documents link to in this repository exists.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFiles } from '../bootstrap/find-files.mjs';

/**
 * The files that a Markdown text links to: no addresses, no places within a document, nothing inside code.
 * @param {string} text
 */
export function linkedFiles(text) {
  const prose = text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z][a-z+.-]*:/i.test(target));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const documents = findFiles(root, (path) => path.endsWith('.md'));
  let broken = 0;
  for (const document of documents) {
    const path = join(root, document);
    for (const target of linkedFiles(readFileSync(path, 'utf8'))) {
      if (existsSync(resolve(dirname(path), target))) continue;
      console.log(`${document}: links to ${target}, which does not exist`);
      broken++;
    }
  }
  console.log(`links: ${documents.length} documents, ${broken} broken links`);
  process.exitCode = broken > 0 ? 1 : 0;
}
