// The one error class of every layer, and the codes of the transport core.
import { getSystemErrorName } from 'node:util';

const BRAND = Symbol.for('flow-ipc.error');

export interface FlowIpcErrorOptions {
  cause?: unknown;
  /** Negative errno as Node reports it (-111), when the kernel spoke. */
  errno?: number;
  /** The system call that failed, when the kernel spoke. */
  syscall?: string;
}

/**
 * An error of Flow-IPC with a stable `code` ('ERR_FLOW_IPC_…'). Codes follow semver, messages do not.
 * Instances are branded, so `instanceof` holds between two copies of the package.
 */
export class FlowIpcError extends Error {
  readonly code: string;
  declare readonly errno?: number;
  declare readonly syscall?: string;

  constructor(code: string, message: string, options: FlowIpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.errno !== undefined) this.errno = options.errno;
    if (options.syscall !== undefined) this.syscall = options.syscall;
    Object.defineProperty(this, BRAND, { value: true });
  }

  override get name(): string {
    return 'FlowIpcError';
  }
}

// Not a static method: one that names its own class makes bundlers rename the class, which shows in stack traces.
Object.defineProperty(FlowIpcError, Symbol.hasInstance, {
  value: (value: unknown) => typeof value === 'object' && value !== null && BRAND in value,
});

/** Transport codes: the ones of C++ `transport::error::Code` that sockets can meet, then ours. */
export const TransportError = {
  /** endSending() was called: this direction takes no more messages. */
  SENDS_FINISHED: 'ERR_FLOW_IPC_SENDS_FINISHED_CANNOT_SEND',
  /** The peer ended its sending in good order; every earlier message was delivered. */
  RECEIVES_FINISHED: 'ERR_FLOW_IPC_RECEIVES_FINISHED_CANNOT_RECEIVE',
  /** The other direction met a system error, so this one cannot go on. */
  HOSED_CANNOT_SEND: 'ERR_FLOW_IPC_LOW_LVL_TRANSPORT_HOSED_CANNOT_SEND',
  HOSED_CANNOT_RECEIVE: 'ERR_FLOW_IPC_LOW_LVL_TRANSPORT_HOSED_CANNOT_RECEIVE',
  /** A descriptor came where the protocol allows none, more than one came, or control data was cut. */
  UNEXPECTED_PAYLOAD: 'ERR_FLOW_IPC_LOW_LVL_UNEXPECTED_STREAM_PAYLOAD_BEYOND_HNDL',
  /** A message came that is longer than the memory given for it. */
  EXCEEDS_USER_STORAGE: 'ERR_FLOW_IPC_MESSAGE_SIZE_EXCEEDS_USER_STORAGE',
  /** A message carried a descriptor although only blobs were asked for. */
  GOT_NON_BLOB: 'ERR_FLOW_IPC_BLOB_RECEIVER_GOT_NON_BLOB',
  /** Nothing came from the peer, not even a ping, for the idle time-out. */
  IDLE_TIMEOUT: 'ERR_FLOW_IPC_RECEIVER_IDLE_TIMEOUT',
  /** The peer's protocol version makes no sense / is older than we can speak. */
  VERSION_INVALID: 'ERR_FLOW_IPC_PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID',
  VERSION_TOO_OLD: 'ERR_FLOW_IPC_PROTOCOL_NEGOTIATION_OPPOSING_VER_TOO_OLD',
  /** The message is empty, too long, or carries what this pipe cannot; nothing was sent. */
  INVALID_ARGUMENT: 'ERR_FLOW_IPC_INVALID_ARGUMENT',
  /** Longer than the queue's messages may be, or received into less memory than its longest message needs. */
  MQ_MESSAGE_SIZE: 'ERR_FLOW_IPC_MQ_MESSAGE_SIZE_OVER_OR_UNDERFLOW',
  /** A Boost message queue is of no use any more: damaged, or left in the midst by a process that died; see `errno`. */
  MQ_BIPC_MISC_LIBRARY_ERROR: 'ERR_FLOW_IPC_MQ_BIPC_MISC_LIBRARY_ERROR',
  /** The queue has a stream sender (receiver), or a crash left its mark behind; see removePersistent(). */
  MQ_SENDER_EXISTS: 'ERR_FLOW_IPC_BLOB_STREAM_MQ_SENDER_EXISTS',
  MQ_RECEIVER_EXISTS: 'ERR_FLOW_IPC_BLOB_STREAM_MQ_RECEIVER_EXISTS',
  /** The peer's stream over a queue said what makes no sense. */
  MQ_BAD_CONTROL: 'ERR_FLOW_IPC_BLOB_STREAM_MQ_RECEIVER_BAD_CTL_CMD',
  /** The blocking operation was interrupted, or may not block now: see interruptReceives(). */
  INTERRUPTED: 'ERR_FLOW_IPC_INTERRUPTED',
  /** The wait ended before what it waited for. */
  TIMEOUT: 'ERR_FLOW_IPC_TIMEOUT',
  /** The stream is not connected (yet): it is in NULL state. */
  NOT_CONNECTED: 'ERR_FLOW_IPC_NOT_CONNECTED',
  /** The object was closed while this was pending, or before it was asked. */
  CLOSED: 'ERR_FLOW_IPC_OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER',
  /** The peer's end is gone without a graceful end: closed, or its process died. */
  EOF: 'ERR_FLOW_IPC_EOF',
  /** The kernel refused; see `errno` and `syscall`. */
  SYSTEM: 'ERR_FLOW_IPC_SYSTEM',
  /** The wait was aborted by its AbortSignal; `cause` is the signal's reason. */
  ABORTED: 'ERR_FLOW_IPC_ABORTED',
} as const;

/** Codes of NativeHandle and its conversions. */
export const HandleError = {
  /** The handle was closed, released or converted before; or what a descriptor was asked of has none. */
  CLOSED: 'ERR_FLOW_IPC_HANDLE_CLOSED',
  /** The socket holds data that would be lost, so it cannot be taken now. */
  BUSY: 'ERR_FLOW_IPC_HANDLE_BUSY',
  /** The descriptor is not of the kind that the conversion takes. */
  WRONG_KIND: 'ERR_FLOW_IPC_HANDLE_WRONG_KIND',
} as const;

/** An error of the kernel. `errno` is positive or negative, as it comes. */
export function systemError(syscall: string, errno: number, what: string, cause?: unknown): FlowIpcError {
  const negative = errno > 0 ? -errno : errno;
  const options: FlowIpcErrorOptions = { errno: negative, syscall };
  if (cause !== undefined) options.cause = cause;
  return new FlowIpcError(
    TransportError.SYSTEM,
    `${what}: ${getSystemErrorName(negative)} (${syscall})`,
    options,
  );
}

/** Wraps what the addon's set-up calls throw (errno, syscall) into a FlowIpcError; passes misuse through. */
export function fromNative(err: unknown, what: string): unknown {
  const e = err as { errno?: unknown; syscall?: unknown };
  if (!(err instanceof Error) || typeof e.errno !== 'number') return err;
  return systemError(typeof e.syscall === 'string' ? e.syscall : 'unknown', e.errno, what, err);
}

export function abortedError(signal: AbortSignal): FlowIpcError {
  const err = new FlowIpcError(TransportError.ABORTED, 'The operation was aborted', { cause: signal.reason });
  // What Node's own APIs call it; the name is how callers tell an abort from a failure.
  Object.defineProperty(err, 'name', { value: 'AbortError' });
  return err;
}
