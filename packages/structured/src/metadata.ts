// The metadata message that precedes each body: StructuredMessage, written and read without a general reader.
import { MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { FlowIpcError } from '@flow-ipc/core';
import { StructError } from './errors.js';
import { StructuredMessage } from './generated/structured-msg.capnp.js';
import type { SessionToken } from './session-token.js';

/** Bytes of a notification's or request's metadata, and of a response's. */
export const METADATA_SIZE = 80;
export const RESPONSE_METADATA_SIZE = 88;
/** What a metadata message says. Ids count from 1 in each direction; 0 marks an internal message. */
export interface Metadata {
  id: number;
  /** Id of the message that this one answers; 0: none. */
  originatingId: number;
  /** Body segments that follow; 0: an internal message. */
  segments: number;
  /** Set when the internal message is an UnexpectedResponse. */
  unexpectedResponseText: string | undefined;
  /** Where the 16 bytes of its session token are. */
  tokenView: DataView;
  tokenAt: number;
}

export const emptyMetadata = (): Metadata => ({
  id: 0,
  originatingId: 0,
  segments: 0,
  unexpectedResponseText: undefined,
  tokenView: new DataView(new ArrayBuffer(16)),
  tokenAt: 0,
});

// Pointer words of the one layout that C++ and we write: root struct (3 data words, 3 pointers), AuthHeader
// behind its pointers, the Uuid behind that, and (responses only) OriginatingMessage last.
type Word = readonly [low: number, high: number];
const ROOT: Word = [0x00000000, 0x00030003];
const AUTH: Word = [0x00000008, 0x00010000];
const NULL: Word = [0, 0];
const ORIGIN: Word = [0x00000010, 0x00000001];
const UUID: Word = [0x00000000, 0x00000002];
const ID_AT = 8;
const SEGMENTS_AT = 16;
const TOKEN_AT = 64;
const ORIGIN_AT = 80;

/** Writes metadata of user messages; what is the same in all of them, only once. */
export class MetadataWriter {
  /** What write() wrote is at the start of it, until the next call. */
  readonly bytes = new Uint8Array(RESPONSE_METADATA_SIZE);
  readonly #view = new DataView(this.bytes.buffer);
  #token: SessionToken | undefined;

  constructor() {
    putWord(this.#view, 0, ROOT);
    putWord(this.#view, 32, AUTH);
    putWord(this.#view, 56, UUID);
  }

  /** Returns the size: 80, or 88 bytes for a response. */
  write(id: number, segments: number, originatingId: number, token: SessionToken): number {
    const view = this.#view;
    putNumber(view, ID_AT, id);
    putNumber(view, SEGMENTS_AT, segments);
    if (token !== this.#token) {
      this.bytes.set(token, TOKEN_AT);
      this.#token = token;
    }
    if (originatingId === 0) {
      putWord(view, 40, NULL);
      return METADATA_SIZE;
    }
    putWord(view, 40, ORIGIN);
    putNumber(view, ORIGIN_AT, originatingId);
    return RESPONSE_METADATA_SIZE;
  }
}

/** The internal message that tells the peer: nobody waits for your message `originatingId`. */
export function buildUnexpectedResponse(
  originatingId: number,
  text: string,
  token: SessionToken,
): Uint8Array {
  const builder = new MessageBuilder();
  const root = builder.initRoot(StructuredMessage);
  const view = new DataView(token.buffer, token.byteOffset, 16);
  const uuid = root.initAuthHeader().initSessionToken();
  uuid.first8 = view.getBigUint64(0, true);
  uuid.last8 = view.getBigUint64(8, true);
  root.initOriginatingMessageOrNull().id = BigInt(originatingId);
  root.initInternalMessageBody().initUnexpectedResponse().originatingMessageMetadataText = text;
  return builder.segments()[0]!;
}

/**
 * Reads one metadata segment. Throws FlowIpcError (MISUSED_SCHEMA, INTERNAL_MSG_TYPE_UNKNOWN): whatever the peer
 * sent, nothing but the segment is read. Checking the token is the caller's.
 */
export function readMetadata(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  into: Metadata,
): void {
  if (isUsualLayout(view, at, length)) {
    into.id = getNumber(view, at + ID_AT);
    into.segments = getNumber(view, at + SEGMENTS_AT);
    into.originatingId = length === RESPONSE_METADATA_SIZE ? getNumber(view, at + ORIGIN_AT) : 0;
    into.unexpectedResponseText = undefined;
    if (length === RESPONSE_METADATA_SIZE && into.originatingId === 0)
      throw misused('a response to message 0');
    if (into.segments === 0) throw misused('a message without body segments');
    into.tokenView = view;
    into.tokenAt = at + TOKEN_AT;
    return;
  }
  readAnyLayout(bytes.slice(at, at + length), into);
}

function isUsualLayout(view: DataView, at: number, length: number): boolean {
  if (length !== METADATA_SIZE && length !== RESPONSE_METADATA_SIZE) return false;
  return (
    isWord(view, at, ROOT) &&
    view.getUint16(at + 24, true) === 0 &&
    isWord(view, at + 32, AUTH) &&
    isWord(view, at + 40, length === METADATA_SIZE ? NULL : ORIGIN) &&
    isWord(view, at + 56, UUID)
  );
}

/** Any conforming layout, by the general reader: another implementation may order its objects otherwise. */
function readAnyLayout(segment: Uint8Array, into: Metadata): void {
  try {
    const root = new MessageReader([segment]).getRoot(StructuredMessage);
    into.originatingId = root.hasOriginatingMessageOrNull() ? root.originatingMessageOrNull.idNumber : 0;
    into.id = root.idNumber;
    into.unexpectedResponseText = undefined;
    if (into.originatingId === 0 && root.hasOriginatingMessageOrNull())
      throw misused('a response to message 0');
    if (root.which === 'numBodySerializationSegments') {
      into.segments = root.numBodySerializationSegmentsNumber;
      if (into.segments === 0) throw misused('a message without body segments');
    } else {
      into.segments = 0;
      const body = root.which === 'internalMessageBody' ? root.internalMessageBody : undefined;
      if (!body?.hasUnexpectedResponse()) {
        throw new FlowIpcError(
          StructError.INTERNAL_MSG_TYPE_UNKNOWN,
          'The peer sent an unknown kind of internal message',
        );
      }
      if (into.id !== 0 || into.originatingId === 0) throw misused('an internal message with wrong ids');
      into.unexpectedResponseText = body.unexpectedResponse.originatingMessageMetadataText;
    }
    const tokenView = new DataView(new ArrayBuffer(16));
    const uuid = root.authHeader.sessionToken;
    tokenView.setBigUint64(0, uuid.first8, true);
    tokenView.setBigUint64(8, uuid.last8, true);
    into.tokenView = tokenView;
    into.tokenAt = 0;
  } catch (err) {
    if (err instanceof FlowIpcError && Object.values<string>(StructError).includes(err.code)) throw err;
    throw new FlowIpcError(StructError.MISUSED_SCHEMA, 'Malformed metadata from the peer', { cause: err });
  }
}

const misused = (what: string) => new FlowIpcError(StructError.MISUSED_SCHEMA, `The peer sent ${what}`);

function putWord(view: DataView, at: number, word: Word): void {
  view.setUint32(at, word[0], true);
  view.setUint32(at + 4, word[1], true);
}

function isWord(view: DataView, at: number, word: Word): boolean {
  return view.getUint32(at, true) === word[0] && view.getUint32(at + 4, true) === word[1];
}

const HIGH = 2 ** 32;

/** Ids are counters; as doubles they are exact up to 2^53 and need no bigint. */
function putNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, value < HIGH ? 0 : Math.floor(value / HIGH), true);
}

function getNumber(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * HIGH;
  if (!Number.isSafeInteger(value)) throw misused(`an id or count beyond 2^53`);
  return value;
}
