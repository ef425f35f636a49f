// Makes a body of a message that was built elsewhere (feature 88).
import type { MessageBuilder } from '@flow-ipc/capnp';
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
    body.builder.rootPointer().set(builder.asReader().rootPointer());
  } catch (err) {
    body.release();
    throw err;
  }
  return body;
}
