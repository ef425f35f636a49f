// msgpackr, with its own record extension, as its documentation recommends for speed.

import { Packr } from 'msgpackr';
import type { Subject } from '../subject.js';

const packr = new Packr({ structures: [] });

export const msgpackr: Subject = {
  name: 'msgpackr',
  buildResponse(parts) {
    const list = parts.map(({ data, hash }) => ({ data, size: data.length, hash }));
    return [packr.pack({ getCacheRsp: { parts: list } })];
  },
  readResponse(message, check) {
    const body = packr.unpack(message[0]!) as {
      getCacheRsp: { parts: { data: Uint8Array; size: number; hash: number }[] };
    };
    for (const { data, size, hash } of body.getCacheRsp.parts) check(data, size, hash);
  },
  buildRequest: (fileName) => [packr.pack({ getCacheReq: { fileName } })],
  readRequest: (message) =>
    (packr.unpack(message[0]!) as { getCacheReq: { fileName: string } }).getCacheReq.fileName,
};
