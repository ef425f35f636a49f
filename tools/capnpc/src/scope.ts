// What the emitters of one file share: its names, and how to refer to the names of other files.

import path from 'node:path';
import { FileNames } from './names.js';
import { GeneratorError, type Request, type RequestedFile, type SchemaNode, type Type } from './schema.js';

export class FileScope {
  readonly request: Request;
  readonly file: RequestedFile;
  readonly names: FileNames;
  /** Import statements that were needed, by imported file: alias and module path. */
  readonly imports = new Map<bigint, { readonly alias: string; readonly from: string }>();
  private readonly foreign = new Map<bigint, FileNames>();

  constructor(request: Request, file: RequestedFile) {
    this.request = request;
    this.file = file;
    this.names = new FileNames(request, file.id);
  }

  node(id: bigint): SchemaNode {
    const node = this.request.nodes.get(id);
    if (node === undefined) throw new GeneratorError(`the request lacks node 0x${id.toString(16)}`);
    return node;
  }

  /** Identifier of a type, with the module alias when it is another file's. */
  ref(id: bigint): string {
    const own = this.names.get(id);
    if (own !== undefined) return own;
    const fileId = this.fileOf(id);
    let names = this.foreign.get(fileId);
    if (names === undefined) {
      names = new FileNames(this.request, fileId);
      this.foreign.set(fileId, names);
    }
    const name = names.get(id);
    if (name === undefined) {
      throw new GeneratorError(`cannot name ${this.node(id).displayName} as used in ${this.file.filename}`);
    }
    return `${this.importFile(fileId)}.${name}`;
  }

  private fileOf(id: bigint): bigint {
    let node = this.node(id);
    while (node.kind !== 'file') node = this.node(node.scopeId);
    return node.id;
  }

  private importFile(fileId: bigint): string {
    let entry = this.imports.get(fileId);
    if (entry === undefined) {
      const from = this.modulePath(fileId);
      const stem = path.posix.basename(from, '.capnp.js').replace(/[^A-Za-z0-9]+/g, '_');
      // Schema names never contain `$`, so the alias cannot clash with one.
      entry = { alias: `${stem}$${this.imports.size === 0 ? '' : this.imports.size}`, from };
      this.imports.set(fileId, entry);
    }
    return entry.alias;
  }

  /** Generated files lie as their schemas do. */
  private modulePath(fileId: bigint): string {
    const written = this.file.imports.get(fileId);
    let relative = written;
    if (written === undefined || written.startsWith('/')) {
      const here = path.posix.dirname(this.node(this.file.id).displayName);
      relative = path.posix.relative(here, this.node(fileId).displayName);
    }
    const dotted = relative!.startsWith('.') ? relative! : `./${relative}`;
    return `${dotted}.js`;
  }

  /** The run-time list type of a list with these elements, as an expression. */
  listType(element: Type): string {
    switch (element.kind) {
      case 'list':
        return `$.listOf(${this.listType(element.element)})`;
      case 'struct':
        return `$.structList(${this.ref(element.id)})`;
      case 'enum':
        return `$.enumList<${this.ref(element.id)}>()`;
      default:
        return `$.${LIST_NAMES[element.kind]}List`;
    }
  }

  /** The reader or builder class of such a list, as a type. */
  listClass(element: Type, side: 'Reader' | 'Builder'): string {
    switch (element.kind) {
      case 'list':
        return `$.ListList${side}<${this.listClass(element.element, side)}>`;
      case 'struct':
        return `$.StructList${side}<${this.ref(element.id)}${side}>`;
      case 'enum':
        return `$.EnumList${side}<${this.ref(element.id)}>`;
      default:
        return `$.${LIST_NAMES[element.kind]}List${side}`;
    }
  }
}

const LIST_NAMES = {
  void: 'Void',
  bool: 'Bool',
  int8: 'Int8',
  int16: 'Int16',
  int32: 'Int32',
  int64: 'Int64',
  uint8: 'UInt8',
  uint16: 'UInt16',
  uint32: 'UInt32',
  uint64: 'UInt64',
  float32: 'Float32',
  float64: 'Float64',
  text: 'Text',
  data: 'Data',
  anyPointer: 'AnyPointer',
} as const;
