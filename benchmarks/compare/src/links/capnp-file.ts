// The file as a Cap'n Proto message: for the structured subjects, and for those that send bytes as they are.
import { MessageBuilder, MessageReader, type SegmentAllocator } from '@flow-ipc/capnp';
import { Body, type BodyBuilder, type FileReader } from '../generated/compare.capnp.js';
import { CHUNK_SIZE, type Chunks, FILE_SIZE, fileChunks } from '../peer/file.js';
import { HEADER_SIZE, Kind, Message } from '../peer/message.js';

/** Bytes of a message with the whole file: a chunk takes two words, a pointer, and its bytes. */
export const FILE_MESSAGE_SIZE = FILE_SIZE + Math.ceil(FILE_SIZE / CHUNK_SIZE) * 32 + 1024;

export function fillFile(body: BodyBuilder): void {
  const file = fileChunks();
  const chunks = body.initFile().initChunks(file.length);
  for (let i = 0; i < file.length; i++) {
    const { data, size, hash } = file[i]!;
    const chunk = chunks.at(i);
    chunk.data = data;
    chunk.dataSizeToVerify = size;
    chunk.dataHashToVerify = hash;
  }
}

export function readCapnpFile(file: FileReader): Chunks {
  const { chunks } = file;
  return {
    length: chunks.length,
    at(i) {
      const chunk = chunks.at(i);
      return { data: chunk.data, size: Number(chunk.dataSizeToVerify), hash: chunk.dataHashToVerify };
    },
  };
}

/** Behind the segment: room for the second stamp. */
const TAIL = 8;

/** The answer to a FETCH of the subjects that send bytes: the message's one segment between two stamps, not copied. */
export function fileAsBytes(sequence: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(HEADER_SIZE + FILE_MESSAGE_SIZE + TAIL);
  const allocator: SegmentAllocator = {
    allocate: () => ({ bytes: bytes.subarray(HEADER_SIZE, -TAIL), zeroed: false }),
  };
  const builder = new MessageBuilder(allocator);
  fillFile(builder.initRoot(Body));
  const message = new Message(bytes.subarray(0, HEADER_SIZE + builder.usedBytes(0) + TAIL));
  message.stamp(sequence, Kind.FETCH);
  return message.bytes;
}

export function fileFromBytes(bytes: Uint8Array): Chunks {
  return readCapnpFile(new MessageReader([bytes.subarray(HEADER_SIZE, -TAIL)]).getRoot(Body).file);
}
