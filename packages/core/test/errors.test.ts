// The one error class.
import { expect, it } from 'vitest';
import { FlowIpcError, fromNative } from '../src/index.js';

it('errors carry code, errno and syscall, and are recognised across copies', () => {
  const native = Object.assign(new Error('x'), { code: 'ECONNREFUSED', errno: 111, syscall: 'connect' });
  const err = fromNative(native, 'Cannot connect');
  expect(err).toMatchObject({ code: 'ERR_FLOW_IPC_SYSTEM', errno: -111, syscall: 'connect', cause: native });
  expect((err as Error).message).toBe('Cannot connect: ECONNREFUSED (connect)');
  expect(
    Object.create(null, { [Symbol.for('flow-ipc.error')]: { value: true } }) instanceof FlowIpcError,
  ).toBe(true);
  expect(new TypeError('x') instanceof FlowIpcError).toBe(false);
  const misuse = new TypeError('x');
  expect(fromNative(misuse, 'y')).toBe(misuse);
});
