// What the emitters of one file share: its names, and how to refer to the names of other files.

import path from 'node:path';
import { findAbsolute, importPlace, type SearchOptions } from './imports.js';
import { FileNames } from './names.js';
import { GeneratorError, type Request, type RequestedFile, type SchemaNode } from './schema.js';

export class FileScope {
  readonly request: Request;
  readonly file: RequestedFile;
  readonly names: FileNames;
  private readonly search: SearchOptions | undefined;
  /** Import statements that were needed, by imported file: alias and module path. */
  readonly imports = new Map<bigint, { readonly alias: string; readonly from: string }>();
  private readonly foreign = new Map<bigint, FileNames>();

  constructor(request: Request, file: RequestedFile, search?: SearchOptions) {
    this.request = request;
    this.file = file;
    this.search = search;
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
      relative = path.posix.relative(here, this.absolutePath(fileId, written));
    }
    const dotted = relative!.startsWith('.') ? relative! : `./${relative}`;
    return `${dotted}.js`;
  }

  /** Where a file lies that was found through an import path, or that is used without being imported. */
  private absolutePath(fileId: bigint, written: string | undefined): string {
    const name = this.node(fileId).displayName;
    if (this.search === undefined) return name;
    const found = findAbsolute(written ?? name, this.search);
    if (found !== undefined) return found;
    if (written === undefined) return name;
    throw new GeneratorError(
      `${importPlace(this.file.filename, written, this.search.cwd)}: error: "${written}" is in no directory given ` +
        'with -I: copy it into the project, since the code generated from it needs a place, too',
    );
  }

  /** The type parameters that hold in a struct: those of what encloses it first. */
  parameters(id: bigint): readonly Parameter[] {
    const node = this.request.nodes.get(id);
    if (node === undefined || node.kind === 'file') return [];
    const outer = this.parameters(node.scopeId);
    const taken = new Set(outer.map(({ name }) => name));
    return [
      ...outer,
      ...node.parameters.map((wish, index) => {
        let name = wish;
        while (taken.has(name) || this.names.isTaken(name)) name += '_';
        taken.add(name);
        return { scopeId: id, index, name };
      }),
    ];
  }
}

/** A type parameter as it is named in generated code. */
export interface Parameter {
  readonly scopeId: bigint;
  readonly index: number;
  readonly name: string;
}
