// capnp-ts twice: as its documentation uses it, and sparing it what it does badly. As it comes it copies the whole
// message at each allocation beyond the first 4 kB, and once more at each end of the transport.

import * as capnp from 'capnp-ts';
import { capnpSubject, type Runtime } from './capnp-classes.js';

const { Struct } = capnp;

const sized = {
  name: 'capnp-ts, sized',
  newMessage(bytes: number) {
    const message = new capnp.Message();
    if (bytes > 4096) message.getSegment(0).replaceBuffer(new ArrayBuffer(bytes));
    return message;
  },
  // A view would be copied.
  openMessage: (segment: Uint8Array) => new capnp.Message(segment.buffer as ArrayBuffer, false, true),
  bytesOf(message: capnp.Message) {
    const segment = message.getSegment(0);
    return new Uint8Array(segment.buffer, 0, segment.byteLength);
  },
  Struct,
  ObjectSize: capnp.ObjectSize,
  CompositeList: capnp.CompositeList,
  getUint16: Struct.getUint16,
  setUint16: Struct.setUint16,
  getUint64: Struct.getUint64,
  setUint64: Struct.setUint64,
  getText: Struct.getText,
  setText: Struct.setText,
  getData: Struct.getData,
  initData: Struct.initData,
  getStruct: Struct.getStruct,
  initStructAt: Struct.initStructAt,
  lengthOf: (list: capnp.List<unknown>) => list.getLength(),
  getList: Struct.getList,
  initList: Struct.initList,
};

export const capnpTsSized = capnpSubject(sized as unknown as Runtime);

const plain = {
  ...sized,
  name: 'capnp-ts',
  requestOnly: true,
  newMessage: () => new capnp.Message(),
  openMessage: (frame: Uint8Array) => new capnp.Message(frame, false),
  bytesOf: (message: capnp.Message) => new Uint8Array(message.toArrayBuffer()),
};

export const capnpTs = capnpSubject(plain as unknown as Runtime);
