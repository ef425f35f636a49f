import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

// The messages are built apart for the tests of other packages that talk like this example.
const entry = { server: 'src/server.ts', client: 'src/client.ts', body: 'src/generated/cache.capnp.ts' };

export default defineConfig({ ...base(), entry, dts: false });
