// The type that a structured channel speaks, made of what capnp-ts's compiler generates.
import { frameMessage, MessageBuilder, StructBuilder, StructReader, type StructType } from '@flow-ipc/capnp';
import { Message, type Struct } from 'capnp-ts';

/** A struct class as capnp-ts generates them, of a struct with an anonymous union. */
export interface CapnpTsStruct<S extends Struct = Struct> {
  readonly _capnp: {
    readonly displayName: string;
    readonly id: string;
    readonly size: { readonly dataByteLength: number; readonly pointerLength: number };
  };
  // biome-ignore lint/suspicious/noExplicitAny: capnp-ts's own constructor, which only it calls.
  new (...args: any[]): S;
}

/** The generated enum of the union's members, such as `Body_Which`. */
type WhichEnum = Readonly<Record<string, string | number>>;

interface Kinds<W extends WhichEnum> {
  readonly which: (keyof W & string) | undefined;
  readonly whichIndex: number;
}

/** A channel's type; message kinds are the enum's names. Fields are read with capnp-ts's class: see toCapnpTs(). */
export type CapnpTsType<S extends Struct, W extends WhichEnum> = StructType<
  StructReader & Kinds<W>,
  StructBuilder
> & {
  readonly struct: CapnpTsStruct<S>;
};

/** `which` is the generated enum of the struct's union. TypeError when the class has no such union. */
export function capnpTsType<S extends Struct, W extends WhichEnum>(
  struct: CapnpTsStruct<S>,
  which: W,
): CapnpTsType<S, W> {
  const { displayName, id, size } = struct._capnp;
  const names: string[] = [];
  for (let i = 0; typeof which[i] === 'string'; i++) names.push(which[i] as string);
  const dataWords = Math.ceil(size.dataByteLength / 8);
  const pointerCount = size.pointerLength;
  const discriminantOffset = findDiscriminant(struct, dataWords, pointerCount);
  const at = discriminantOffset * 2;

  class Reader extends StructReader implements Kinds<W> {
    get which(): (keyof W & string) | undefined {
      return names[this.$tag(at)];
    }
    get whichIndex(): number {
      return this.$tag(at);
    }
  }
  class Builder extends StructBuilder {
    asReader(): StructReader {
      return this.$asReader(Reader);
    }
  }
  return {
    name: displayName,
    id: BigInt(`0x${id}`),
    dataWords,
    pointerCount,
    Reader,
    Builder,
    union: { discriminantOffset, names },
    struct,
  };
}

/** The class does not say where its discriminant is, so messages with one 16-bit field set are shown to it. */
function findDiscriminant(struct: CapnpTsStruct, dataWords: number, pointerCount: number): number {
  class Probe extends StructBuilder {}
  const type = { dataWords, pointerCount, Builder: Probe } as unknown as StructType<StructReader, Probe>;
  for (let offset = 0; offset < dataWords * 4; offset++) {
    const message = new MessageBuilder();
    message.initRoot(type).$choose(offset * 2, 1);
    const root = new Message(frameMessage(message.segments()), false).getRoot(struct) as { which?(): number };
    if (root.which?.() === 1) return offset;
  }
  throw new TypeError(
    `${struct._capnp.displayName} has no anonymous union, so its messages cannot be told apart`,
  );
}
