// Default values of pointer fields and constants: small trusted messages embedded in generated code.

import { asPart } from './memory.js';
import { Arena, Segment } from './segment.js';

class ConstantArena extends Arena {
  readonly only: Segment;

  constructor(bytes: Uint8Array) {
    super();
    this.only = new Segment(this, 0, asPart(bytes), bytes.length, bytes.length, true);
  }

  override segment(): Segment {
    return this.only;
  }
}

/** One segment whose word 0 points at the value. Decoded from hex on first use. */
export class DefaultValue {
  private hex: string;
  private decoded: Segment | undefined = undefined;

  constructor(hex: string) {
    this.hex = hex;
  }

  get segment(): Segment {
    if (this.decoded === undefined) {
      // A copy of its own: small Buffers share a pool, and typed views need 8-byte alignment.
      this.decoded = new ConstantArena(new Uint8Array(Buffer.from(this.hex, 'hex'))).only;
      this.hex = '';
    }
    return this.decoded;
  }
}

/** What null pointers without a default are read as: no data, no pointers. */
export const EMPTY: Segment = /* @__PURE__ */ new DefaultValue('0000000000000000').segment;
