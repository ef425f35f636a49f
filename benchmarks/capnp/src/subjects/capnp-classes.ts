// The message classes for capnp-ts and capnp-es, whose generated code is of the same form: accessors that call
// static functions with positions.

import type { Message, Subject } from '../subject.js';

/** The functions that generated code of either library calls, on raw structs. */
export interface Runtime {
  readonly name: string;
  readonly requestOnly?: boolean;
  /** An empty message that should have this much room; the message in bytes that `bytesOf` has returned. */
  newMessage(bytes: number): RawMessage;
  openMessage(segment: Uint8Array): RawMessage;
  /** What is to be sent. */
  bytesOf(message: RawMessage): Uint8Array;
  readonly Struct: StructClass;
  readonly ObjectSize: new (dataBytes: number, pointers: number) => unknown;
  readonly CompositeList: (Class: StructClass) => unknown;
  getUint16(at: number, s: RawStruct): number;
  setUint16(at: number, value: number, s: RawStruct): void;
  getUint64(at: number, s: RawStruct): bigint;
  setUint64(at: number, value: bigint, s: RawStruct): void;
  getText(index: number, s: RawStruct): string;
  setText(index: number, value: string, s: RawStruct): void;
  getData(index: number, s: RawStruct): RawData;
  initData(index: number, length: number, s: RawStruct): RawData;
  getStruct(index: number, Class: StructClass, s: RawStruct): RawStruct;
  initStructAt(index: number, Class: StructClass, s: RawStruct): RawStruct;
  lengthOf(list: RawList): number;
  getList(index: number, Class: unknown, s: RawStruct): RawList;
  initList(index: number, Class: unknown, length: number, s: RawStruct): RawList;
}

export type RawStruct = object;
// biome-ignore lint/suspicious/noExplicitAny: constructors of two libraries
export type StructClass = new (...args: any[]) => RawStruct;
export interface RawMessage {
  getRoot(Class: StructClass): RawStruct;
  initRoot(Class: StructClass): RawStruct;
}
export interface RawData {
  toUint8Array(): Uint8Array;
  copyBuffer(data: Uint8Array): void;
}
export interface RawList {
  get(i: number): RawStruct;
}

/** Room for the largest message: neither library copies its segment when it is large enough from the start. */
function roomFor(parts: readonly { readonly data: Uint8Array }[]): number {
  return parts.reduce((sum, { data }) => sum + Math.ceil(data.length / 8) * 8 + 24, 4096);
}

export function capnpSubject(r: Runtime): Subject {
  const define = (id: string, dataBytes: number, pointers: number): StructClass =>
    class extends r.Struct {
      static readonly _capnp = { displayName: id, id, size: new r.ObjectSize(dataBytes, pointers) };
    };
  const Body = define('d65d4ca3f8c8a1f3', 8, 1);
  const Req = define('a0b1c2d3e4f50617', 0, 1);
  const Rsp = define('b0b1c2d3e4f50617', 0, 1);
  const Parts = r.CompositeList(define('c0b1c2d3e4f50617', 16, 1));
  const one = (message: Message): RawMessage => r.openMessage(message[0]!);
  return {
    name: r.name,
    requestOnly: r.requestOnly === true,
    buildResponse(parts) {
      const message = r.newMessage(roomFor(parts));
      const body = message.initRoot(Body);
      r.setUint16(0, 1, body);
      const list = r.initList(0, Parts, parts.length, r.initStructAt(0, Rsp, body));
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i]!;
        const built = list.get(i);
        r.initData(0, part.data.length, built).copyBuffer(part.data);
        r.setUint64(0, BigInt(part.data.length), built);
        r.setUint64(8, BigInt(part.hash), built);
      }
      return [r.bytesOf(message)];
    },
    readResponse(message, check) {
      const body = one(message).getRoot(Body);
      if (r.getUint16(0, body) !== 1) throw new Error('not a response');
      const list = r.getList(0, Parts, r.getStruct(0, Rsp, body));
      const length = r.lengthOf(list);
      for (let i = 0; i < length; i++) {
        const part = list.get(i);
        check(r.getData(0, part).toUint8Array(), Number(r.getUint64(0, part)), Number(r.getUint64(8, part)));
      }
    },
    buildRequest(fileName) {
      const message = r.newMessage(4096);
      const body = message.initRoot(Body);
      r.setUint16(0, 0, body);
      r.setText(0, fileName, r.initStructAt(0, Req, body));
      return [r.bytesOf(message)];
    },
    readRequest(message) {
      const body = one(message).getRoot(Body);
      if (r.getUint16(0, body) !== 0) throw new Error('not a request');
      return r.getText(0, r.getStruct(0, Req, body));
    },
  };
}
