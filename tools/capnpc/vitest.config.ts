// Unit tests run against the sources; tests of the programs run what is built in dist.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: {
      '@flow-ipc/capnp': fileURLToPath(new URL('../../packages/capnp/src/index.ts', import.meta.url)),
    },
  },
});
