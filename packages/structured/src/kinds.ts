// Message kinds in types: what a schema value says about the members of its union.
import type { BuilderOf, ReaderOf, StructType, WhichOf } from '@flow-ipc/capnp';

// biome-ignore lint/suspicious/noExplicitAny: the reader and builder classes are inferred from the schema value.
export type AnyStructType = StructType<any, any>;

/** The kinds of message of a channel: the member names of its body's anonymous union. */
export type KindOf<T extends AnyStructType> = WhichOf<T>;

/**
 * What `which` of a message may be: of a message of any kind, also undefined, a member that only the peer's newer
 * schema has.
 */
export type AnyKindOf<T extends AnyStructType> = KindOf<T> | undefined;

/** A body of which the kind is known: its member can be read, the others cannot. */
export type BodyOf<T extends AnyStructType, K extends AnyKindOf<T>> = ReaderOf<T> & {
  readonly which: K;
} & {
  // The key of a member that is not among K comes to `never`, and so does its type.
  readonly [M in KindOf<T>]: ReaderOf<T>[M & K & keyof ReaderOf<T>];
};

type Initializer<K extends string> = `init${Capitalize<K>}`;

/** The kinds whose member is a struct or group, so that there is something to fill. */
export type FillableKindOf<T extends AnyStructType> = {
  [K in KindOf<T>]: BuilderOf<T> extends Record<Initializer<K>, () => object> ? K : never;
}[KindOf<T>];

/** The builder of the member of one kind. */
export type MemberBuilderOf<T extends AnyStructType, K extends KindOf<T>> =
  BuilderOf<T> extends Record<Initializer<K>, () => infer B> ? B : never;

const initializers = new Map<string, string>();

/** Name of the builder's method that sets member `kind`. */
export function initializerOf(kind: string): string {
  let name = initializers.get(kind);
  if (name === undefined) {
    name = `init${kind[0]!.toUpperCase()}${kind.slice(1)}`;
    initializers.set(kind, name);
  }
  return name;
}
