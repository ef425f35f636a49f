// The schema as the generator sees it: plain objects, decoded from a CodeGeneratorRequest by request.ts.

export interface Request {
  /** Every node of the request by id. */
  readonly nodes: ReadonlyMap<bigint, SchemaNode>;
  readonly files: readonly RequestedFile[];
}

export interface RequestedFile {
  readonly id: bigint;
  /** Path as given to `capnp compile`. */
  readonly filename: string;
  /** Import names as written in the file, by the imported file's id. */
  readonly imports: ReadonlyMap<bigint, string>;
}

interface NodeBase {
  readonly id: bigint;
  /** `path/file.capnp:Outer.Inner`. */
  readonly displayName: string;
  /** The enclosing node; 0n for files. */
  readonly scopeId: bigint;
  readonly nested: readonly { readonly name: string; readonly id: bigint }[];
  /** Names of its own type parameters; those of enclosing nodes hold, too. */
  readonly parameters: readonly string[];
  readonly doc: string;
}

export interface FileNode extends NodeBase {
  readonly kind: 'file';
}

export interface StructNode extends NodeBase {
  readonly kind: 'struct';
  readonly dataWords: number;
  readonly pointerCount: number;
  readonly isGroup: boolean;
  /** Members of the union; 0 when there is none. */
  readonly discriminantCount: number;
  /** In units of 16 bits. */
  readonly discriminantOffset: number;
  /** In the order of ordinals. */
  readonly fields: readonly Field[];
}

export interface EnumNode extends NodeBase {
  readonly kind: 'enum';
  /** The index is the value. */
  readonly enumerants: readonly { readonly name: string; readonly doc: string }[];
}

export interface ConstNode extends NodeBase {
  readonly kind: 'const';
  readonly type: Type;
  readonly value: Value;
}

export interface AnnotationNode extends NodeBase {
  readonly kind: 'annotation';
  readonly type: Type;
}

/** Nothing is generated for interfaces, but they may contain what is. */
export interface InterfaceNode extends NodeBase {
  readonly kind: 'interface';
}

export type SchemaNode = FileNode | StructNode | EnumNode | ConstNode | AnnotationNode | InterfaceNode;

interface FieldBase {
  readonly name: string;
  readonly doc: string;
  /** The discriminant value that selects the field; undefined outside unions. */
  readonly unionValue: number | undefined;
}

export interface SlotField extends FieldBase {
  readonly kind: 'slot';
  /** In units of the field's own size; for pointers, the index. */
  readonly offset: number;
  readonly type: Type;
  readonly defaultValue: Value;
}

export interface GroupField extends FieldBase {
  readonly kind: 'group';
  readonly typeId: bigint;
}

export type Field = SlotField | GroupField;

export const SCALARS = [
  'void',
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'float32',
  'float64',
] as const;
export type Scalar = (typeof SCALARS)[number];

export type Type =
  | { readonly kind: Scalar | 'text' | 'data' | 'anyPointer' | 'anyStruct' | 'anyList' | 'capability' }
  | { readonly kind: 'list'; readonly element: Type }
  | { readonly kind: 'enum'; readonly id: bigint }
  | { readonly kind: 'struct'; readonly id: bigint; readonly brand: Brand }
  | { readonly kind: 'parameter'; readonly scopeId: bigint; readonly index: number };

/** What the parameters of a type and of those around it are bound to. */
export type Brand = ReadonlyMap<bigint, 'inherit' | readonly (Type | undefined)[]>;

/** A default or constant; undefined where the request has none or it is all zero. */
export type Value =
  | boolean
  | number
  | bigint
  | string
  /** Float32 and Float64 as their bits, which keep NaN payloads and -0. */
  | { readonly bits: bigint; readonly number: number }
  /** Data, lists and structs as a one-segment message. */
  | { readonly message: Uint8Array }
  | undefined;

/** An error in the input, worded for the user of the generator. */
export class GeneratorError extends Error {
  override readonly name = 'GeneratorError';
}
