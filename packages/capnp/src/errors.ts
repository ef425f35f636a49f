// The one error class of this package and its stable codes.

/** Every reason for which this package refuses a message, an access or an allocation. */
export type CapnpErrorCode =
  /** A pointer, list or root lies outside its segment: the message is damaged or hostile. */
  | 'ERR_FLOW_IPC_CAPNP_OUT_OF_BOUNDS'
  /** A pointer of the wrong kind or an element size that cannot be read as the field's type. */
  | 'ERR_FLOW_IPC_CAPNP_BAD_POINTER'
  /** Objects are nested deeper than `nestingLimit`; also what a cyclic message ends in. */
  | 'ERR_FLOW_IPC_CAPNP_NESTING_LIMIT'
  /** Reading leads to far more work than the message has bytes: see `traversalLimitWords`. */
  | 'ERR_FLOW_IPC_CAPNP_AMPLIFICATION'
  /** A union member was read that is not the one set: look at `which` first. */
  | 'ERR_FLOW_IPC_CAPNP_WRONG_UNION_MEMBER'
  /** A far pointer, or the root, names a segment that the message does not have. */
  | 'ERR_FLOW_IPC_CAPNP_NO_SEGMENT'
  /** Text does not end in a zero byte. */
  | 'ERR_FLOW_IPC_CAPNP_BAD_TEXT'
  /** A segment table (the framing of files and streams) is damaged or incomplete. */
  | 'ERR_FLOW_IPC_CAPNP_BAD_FRAME'
  /** An object, list or segment would exceed what a Cap'n Proto pointer can express. */
  | 'ERR_FLOW_IPC_CAPNP_TOO_BIG'
  /** A segment allocator returned less memory than was asked for. */
  | 'ERR_FLOW_IPC_CAPNP_BAD_ALLOCATOR'
  /** An orphan was adopted or opened after it had been adopted or discarded. */
  | 'ERR_FLOW_IPC_CAPNP_ORPHAN_USED'
  /** An orphan was offered to another message than its own. */
  | 'ERR_FLOW_IPC_CAPNP_ORPHAN_FOREIGN'
  /** Packed data ends too early, or unpacks to more than the limit. */
  | 'ERR_FLOW_IPC_CAPNP_BAD_PACKING'
  /** JSON that is not of the message's type; the text says where. */
  | 'ERR_FLOW_IPC_CAPNP_BAD_JSON';

const BRAND = Symbol.for('@flow-ipc/capnp.CapnpError');

/** Thrown for damaged messages and refused allocations. Programming mistakes are RangeError or TypeError. */
export class CapnpError extends Error {
  readonly code: CapnpErrorCode;
  readonly [BRAND] = true;

  constructor(code: CapnpErrorCode, message: string) {
    super(message);
    this.name = 'CapnpError';
    this.code = code;
  }

  /** True for a CapnpError of any copy of this package in the process. */
  static is(value: unknown): value is CapnpError {
    return value instanceof Error && BRAND in value;
  }
}

/** For 64-bit integers read as numbers. Its `code` is ERR_FLOW_IPC_CAPNP_UNSAFE_INTEGER. */
export class UnsafeIntegerError extends RangeError {
  readonly code = 'ERR_FLOW_IPC_CAPNP_UNSAFE_INTEGER';
}

export function outOfBounds(what: string): CapnpError {
  return new CapnpError('ERR_FLOW_IPC_CAPNP_OUT_OF_BOUNDS', `${what} lies outside its segment`);
}

export function badPointer(detail: string): CapnpError {
  return new CapnpError('ERR_FLOW_IPC_CAPNP_BAD_POINTER', detail);
}

export function nestingLimit(): CapnpError {
  return new CapnpError('ERR_FLOW_IPC_CAPNP_NESTING_LIMIT', 'objects are nested too deeply, or in a cycle');
}

export function wrongUnionMember(name: string): CapnpError {
  return new CapnpError('ERR_FLOW_IPC_CAPNP_WRONG_UNION_MEMBER', `union member "${name}" is not the one set`);
}
