// Which blocks of a document are samples, what they are called, and which nobody would ever run.
import { expect, it } from 'vitest';
import { fileOf, samplesOf, unusedSamples } from '../samples.mjs';

const fence = (tag: string, ...lines: string[]) => [`\`\`\`${tag}`, ...lines, '```'].join('\n');

it('finds blocks with their place and name', () => {
  const text = [
    'Words.',
    fence('ts', '// apps.ts', "export const X = 'y';"),
    fence('sh', 'node x.js'),
    fence('ts', "import { X } from './apps.js';", 'console.log(X);'),
    fence('capnp', '# thing.capnp', '@0xbf5147cbbecf40c1;'),
    fence('text', '// not.ts'),
    fence('ts', '// A comment like any other.', ''),
  ].join('\n');
  const samples = samplesOf(text);
  expect(samples.map(({ language, name, line }) => [language, name, line])).toEqual([
    ['ts', 'apps.ts', 3],
    ['ts', undefined, 10],
    ['capnp', 'thing.capnp', 14],
    ['ts', undefined, 21],
  ]);
  expect(samples.map(fileOf)).toEqual(['apps.ts', 'line-10.ts', 'thing.capnp', 'line-21.ts']);
  expect(samples[1]!.code).toBe("import { X } from './apps.js';\nconsole.log(X);\n");
});

it('tells named blocks that no other block mentions', () => {
  const text = [
    fence('ts', '// used.ts', 'export {};'),
    fence('ts', '// alone.ts', "import './used.js'; // and ./alone.js is itself"),
    fence('capnp', '# used.capnp', ''),
    fence('capnp', '# alone.capnp', ''),
    fence('ts', "import './used.capnp.js';"),
  ].join('\n');
  expect(unusedSamples(samplesOf(text)).map(({ name }) => name)).toEqual(['alone.ts', 'alone.capnp']);
});
