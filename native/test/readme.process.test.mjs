// The example of the README does what it says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { entry, node } from './process-support.mjs';

test('the example runs', async () => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /^```js\n([\s\S]*?)^```$/m
    .exec(text)[1]
    .replace("'@flow-ipc/native'", JSON.stringify(entry));
  const { code, stdout, stderr } = await node(example, [], { entry: 'data:text/javascript,' }).exited;
  assert.deepEqual([code, stdout], [0, 'hello from shared memory'], stderr);
});
