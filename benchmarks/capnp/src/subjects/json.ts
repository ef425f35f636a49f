// JSON, with bytes in base64.

import type { Message, Subject } from '../subject.js';

const encode = (value: unknown): Message => [Buffer.from(JSON.stringify(value))];
const decode = (message: Message): unknown => JSON.parse((message[0] as Buffer).toString());

export const json: Subject = {
  name: 'JSON',
  buildResponse(parts) {
    const list = parts.map(({ data, hash }) => ({
      data: Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64'),
      size: data.length,
      hash,
    }));
    return encode({ getCacheRsp: { parts: list } });
  },
  readResponse(message, check) {
    const body = decode(message) as {
      getCacheRsp: { parts: { data: string; size: number; hash: number }[] };
    };
    for (const { data, size, hash } of body.getCacheRsp.parts) check(Buffer.from(data, 'base64'), size, hash);
  },
  buildRequest: (fileName) => encode({ getCacheReq: { fileName } }),
  readRequest: (message) => (decode(message) as { getCacheReq: { fileName: string } }).getCacheReq.fileName,
};
