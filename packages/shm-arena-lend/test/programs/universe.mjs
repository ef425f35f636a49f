// What the programs of the process tests share: the apps, named by the test that starts them.
export { Body } from '../../../../examples/cache/dist/body.js';

const me = { execPath: 'node', uid: process.geteuid(), gid: process.getegid() };
export const CLI = { name: 'cli', ...me };
export const SRV = {
  name: process.env.TEST_APP,
  ...me,
  allowedClients: ['cli'],
  runDir: process.env.TEST_RUN_DIR,
};

/** A busy machine is no dead peer. */
export const patience = { idleTimeoutMs: 120_000 };

export const tell = (event, data = {}) => process.send?.({ event, ...data });

/** What a file of that size holds: the same at both ends, and different for every size. */
export function fill(bytes) {
  bytes.fill(bytes.length % 251);
  return bytes;
}

/** False when any byte is not what fill() put there. */
export function isWhole(bytes) {
  const wanted = bytes.length % 251;
  return Buffer.compare(bytes, Buffer.alloc(bytes.length, wanted)) === 0;
}
