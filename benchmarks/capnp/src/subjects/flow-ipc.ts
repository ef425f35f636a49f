// This repository's own.

import { MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { Body } from '../generated/cache.capnp.js';
import type { Subject } from '../subject.js';

export const flowIpc: Subject = {
  name: '@flow-ipc/capnp',
  buildResponse(parts) {
    const message = new MessageBuilder();
    const list = message.initRoot(Body).initGetCacheRsp().initFileParts(parts.length);
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      const built = list.at(i);
      built.data = part.data;
      built.dataSizeToVerify = part.data.length;
      built.dataHashToVerify = part.hash;
    }
    return message.segments();
  },
  readResponse(message, check) {
    const list = new MessageReader(message).getRoot(Body).getCacheRsp.fileParts;
    for (let i = 0; i < list.length; i++) {
      const part = list.at(i);
      check(part.data, part.dataSizeToVerifyNumber, part.dataHashToVerifyNumber);
    }
  },
  buildRequest(fileName) {
    const message = new MessageBuilder();
    message.initRoot(Body).initGetCacheReq().fileName = fileName;
    return message.segments();
  },
  readRequest(message) {
    return new MessageReader(message).getRoot(Body).getCacheReq.fileName;
  },
};
