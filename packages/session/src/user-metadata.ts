// What users attach to a log-in or to the opening of a channel: an object of a schema of theirs (features 141, 144).
import { type AnyPointerBuilder, type AnyPointerReader, MessageBuilder } from '@flow-ipc/capnp';
import type { Metadata } from './generated/common.capnp.js';

/**
 * Fills in the metadata: `(payload) => payload.init(Hello).name = 'web'`. Whatever the schema type, both sides must
 * know which. It has to fit a message of about 64 kB: LEAF_TOO_BIG else.
 */
export type MetadataWriter = (payload: AnyPointerBuilder) => void;

/** What the peer attached: `metadata.as(Hello).name`; `isNull` when it attached nothing. The receiver's own copy. */
export type ReceivedMetadata = AnyPointerReader;

export function writeMetadata(metadata: Metadata.Builder, write: MetadataWriter | undefined): void {
  write?.(metadata.payload);
}

/** A copy, as messages are given back before the user has looked. Throws CapnpError when it is malformed. */
export function readMetadata(metadata: Metadata.Reader): ReceivedMetadata {
  const copy = new MessageBuilder();
  if (metadata.hasPayload()) copy.rootPointer().set(metadata.payload);
  return copy.asReader().rootPointer();
}
