// Which links of a document are looked at.
import { expect, it } from 'vitest';
import { linkedFiles } from '../links.mjs';

it('finds links to files, and only those', () => {
  const text = `[a](./a.md) and [b](../b.md#part), ![c](c.png), [d](https://example.org), [e](#here)
\`[f](f.md)\`
\`\`\`md
[g](g.md)
\`\`\`
[h](mailto:x@example.org) [i](i/)`;
  expect(linkedFiles(text)).toEqual(['./a.md', '../b.md', 'c.png', 'i/']);
});
