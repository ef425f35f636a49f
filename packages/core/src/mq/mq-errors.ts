// What the negative codes of a message queue mean.
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { FlowIpcError, fromNative, systemError, TransportError } from '../util/errors.js';

const { errno } = constants;
/** Not in os.constants: a process died with a lock. */
const EOWNERDEAD = 130;

const DAMAGE: Record<number, string> = {
  [-errno.EBADMSG]: 'its memory is damaged, or was cut short',
  [-EOWNERDEAD]: 'a process died while it used the queue',
  [-errno.ETIMEDOUT]: 'its lock could not be had for a second: the process that has it is dead or stopped',
};

/** The error for a code of an operation on queue `name`. */
export function mqError(code: number, name: string, what: string): FlowIpcError {
  if (code === -errno.EMSGSIZE) {
    return new FlowIpcError(
      TransportError.MQ_MESSAGE_SIZE,
      `${what}: the message is longer than queue ${name} takes, or there is less room than its longest message needs`,
    );
  }
  if (code === -errno.ECANCELED) {
    return new FlowIpcError(TransportError.INTERRUPTED, `${what}: interrupted on queue ${name}`);
  }
  if (code === -errno.EBADF) return closedQueueError(name);
  const damage = DAMAGE[code];
  if (damage === undefined) return systemError('mq', code, `${what} on queue ${name}`);
  return new FlowIpcError(
    TransportError.MQ_BIPC_MISC_LIBRARY_ERROR,
    `${what}: queue ${name} is of no use any more: ${damage}`,
    { errno: code },
  );
}

export const closedQueueError = (name: string) =>
  new FlowIpcError(TransportError.CLOSED, `The handle of queue ${name} is closed`);

/** What the limits of POSIX queues look like, and where they are. */
const HINTS: Record<string, string> = {
  EMFILE:
    '. The POSIX queues of this user hold as many bytes as RLIMIT_MSGQUEUE allows, or the process has too many open files',
  ENOSPC:
    '. There are as many POSIX queues as /proc/sys/fs/mqueue/queues_max allows, or shared memory is full',
  EINVAL:
    '. POSIX queues take at most /proc/sys/fs/mqueue/msg_max messages of /proc/sys/fs/mqueue/msgsize_max bytes',
};

/** Wraps what mqCreate() and mqOpen() throw. */
export function openingError(err: unknown, what: string): unknown {
  const wrapped = fromNative(err, what);
  if (!(wrapped instanceof FlowIpcError) || wrapped.errno === undefined) return wrapped;
  if (DAMAGE[wrapped.errno] !== undefined) {
    return new FlowIpcError(
      TransportError.MQ_BIPC_MISC_LIBRARY_ERROR,
      `${what}: not a queue, or a damaged one`,
      { errno: wrapped.errno, cause: err },
    );
  }
  const hint = HINTS[getSystemErrorName(wrapped.errno)];
  if (hint) wrapped.message += hint;
  return wrapped;
}
