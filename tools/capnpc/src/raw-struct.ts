// A struct reader with positions instead of fields, for the one schema that cannot be generated first:
// the compiler's own.

import {
  type AnyPointerReader,
  pointerAsMessage,
  StructBuilder,
  StructReader,
  structList,
} from '@flow-ipc/capnp';

/** Positions are in bytes from the start of the data section; pointers are numbered. */
export class RawStruct extends StructReader {
  bit(at: number, bit: number): boolean {
    return this.$dataBytes > at && ((this.$view.getUint8(this.$data + at) >>> bit) & 1) === 1;
  }
  u16(at: number): number {
    return this.$tag(at);
  }
  u32(at: number): number {
    return this.$dataBytes < at + 4 ? 0 : this.$view.getUint32(this.$data + at, true);
  }
  u64(at: number): bigint {
    return this.$dataBytes < at + 8 ? 0n : this.$view.getBigUint64(this.$data + at, true);
  }
  /** An unsigned number of 8 to 64 bits; 0 when it is not there. */
  u64At(at: number, bits: number): bigint {
    let value = 0n;
    for (let i = bits / 8 - 1; i >= 0; i--) {
      const byte = this.$dataBytes < at + bits / 8 ? 0 : this.$view.getUint8(this.$data + at + i);
      value = (value << 8n) | BigInt(byte);
    }
    return value;
  }
  text(index: number): string {
    return this.$text(index);
  }
  struct(index: number): RawStruct {
    return this.$struct(index, RawStruct);
  }
  structs(index: number): RawStruct[] {
    return this.$list(index, structList(RAW)).toArray();
  }
  any(index: number): AnyPointerReader {
    return this.$any(index);
  }
  message(index: number): Uint8Array | undefined {
    return pointerAsMessage(this, index);
  }
}

class NeverBuilt extends StructBuilder {}

export const RAW = { dataWords: 0, pointerCount: 0, Reader: RawStruct, Builder: NeverBuilt };
