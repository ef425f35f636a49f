// The README shows this example: word for word, or it would rot.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it.each(['schema/cache.capnp', 'src/apps.ts', 'src/server.ts', 'src/client.ts'])(
  'the README has %s as it is',
  (file) => {
    const code = text(`../${file}`)
      .split('\n')
      .filter((line) => !line.startsWith('@0x'))
      .join('\n')
      .trim();
    expect(text('../../../README.md')).toContain(code);
  },
);

it('server and client together have at most 25 lines of code', () => {
  const lines = ['../src/server.ts', '../src/client.ts'].flatMap((file) => text(file).split('\n'));
  expect(lines.filter((line) => line.trim() !== '' && !line.startsWith('import')).length).toBeLessThanOrEqual(
    25,
  );
});
