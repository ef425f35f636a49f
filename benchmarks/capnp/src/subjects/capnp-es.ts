// capnp-es, a fork of capnp-ts, in the sized form.

import * as capnp from 'capnp-es';
import { capnpSubject, type Runtime } from './capnp-classes.js';

const { utils } = capnp;

const runtime = {
  name: 'capnp-es, sized',
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
  Struct: capnp.Struct,
  ObjectSize: capnp.ObjectSize,
  CompositeList: capnp.CompositeList,
  getUint16: utils.getUint16,
  setUint16: utils.setUint16,
  getUint64: utils.getUint64,
  setUint64: utils.setUint64,
  getText: utils.getText,
  setText: utils.setText,
  getData: utils.getData,
  initData: utils.initData,
  getStruct: utils.getStruct,
  initStructAt: utils.initStructAt,
  lengthOf: (list: { readonly length: number }) => list.length,
  getList: utils.getList,
  initList: utils.initList,
};

export const capnpEs = capnpSubject(runtime as unknown as Runtime);
