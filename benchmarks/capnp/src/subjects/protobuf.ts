// protobufjs, with encoders and decoders that it generates at run time.

import protobuf from 'protobufjs';
import type { Subject } from '../subject.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Part { bytes data = 1; double size = 2; double hash = 3; }
  message Response { repeated Part parts = 1; }
  message Request { string fileName = 1; }
  message Body { oneof body { Request request = 1; Response response = 2; } }
`);
const Body = root.lookupType('Body');

interface BodyMessage {
  readonly request?: { readonly fileName: string };
  readonly response?: { readonly parts: readonly { data: Uint8Array; size: number; hash: number }[] };
}

export const protobufjs: Subject = {
  name: 'protobufjs',
  buildResponse(parts) {
    const response = { parts: parts.map(({ data, hash }) => ({ data, size: data.length, hash })) };
    return [Body.encode({ response }).finish()];
  },
  readResponse(message, check) {
    const body = Body.decode(message[0]!) as unknown as BodyMessage;
    for (const { data, size, hash } of body.response!.parts) check(data, size, hash);
  },
  buildRequest: (fileName) => [Body.encode({ request: { fileName } }).finish()],
  readRequest: (message) => (Body.decode(message[0]!) as unknown as BodyMessage).request!.fileName,
};
