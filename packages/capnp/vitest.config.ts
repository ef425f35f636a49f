// Tests run against the sources: generated code under test imports the package by name.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { '@flow-ipc/capnp': fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
});
