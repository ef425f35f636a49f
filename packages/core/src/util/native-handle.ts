// Native_handle: one descriptor, owned (feature 11, with ownership made explicit).
import { closeFd, dupFd } from '@flow-ipc/native';
import { fromNative } from './errors.js';

/**
 * Owns one file descriptor and closes it on close()/dispose, exactly once. Unlike the C++ type, which only
 * carries the number, so that a descriptor in a dropped message is never leaked.
 */
export class NativeHandle implements Disposable {
  #fd: number;

  /** Takes ownership of `fd`. */
  constructor(fd: number) {
    if (!Number.isInteger(fd) || fd < 0) throw new RangeError(`Not a file descriptor: ${fd}`);
    this.#fd = fd;
  }

  /** The descriptor, still owned by this object; -1 once closed or released. */
  get fd(): number {
    return this.#fd;
  }

  /** Hands the descriptor over to the caller, who must close it. -1 if there is none. */
  release(): number {
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }

  /** A second descriptor for the same open file. */
  dup(): NativeHandle {
    try {
      return new NativeHandle(dupFd(this.#fd));
    } catch (err) {
      throw fromNative(err, 'Cannot duplicate the descriptor');
    }
  }

  close(): void {
    const fd = this.release();
    if (fd >= 0) closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
