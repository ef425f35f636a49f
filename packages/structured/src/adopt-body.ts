// Makes a body of a message that was built elsewhere (feature 88).
import { copyRoot, type MessageBuilder } from '@flow-ipc/capnp';
import type { BodyBuilder, CreateMsgOptions, Serialization } from './serialization.js';

export interface BodyMaker {
  readonly serialization: Serialization;
  newBody(options: CreateMsgOptions): BodyBuilder;
}

export function adoptBody(maker: BodyMaker, builder: MessageBuilder): BodyBuilder {
  const { serialization } = maker;
  if (serialization.adoptBody) return serialization.adoptBody(builder);
  const body = maker.newBody({ firstSegmentBytes: builder.totalBytes });
  try {
    copyRoot(builder.asReader(), body.builder);
  } catch (err) {
    body.release();
    throw err;
  }
  return body;
}
