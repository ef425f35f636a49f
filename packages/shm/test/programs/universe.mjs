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

/** Tells the test, with the time on the machine's clock. */
export const tell = (event, data = {}) =>
  process.send({ event, at: Number(process.hrtime.bigint() / 1000n), ...data });
