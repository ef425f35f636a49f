// Chooses the TypeScript identifiers of a file's types, groups and constants.

import type { Request, SchemaNode } from './schema.js';

/** Words that cannot be declared at the top of a module, and globals that generated code itself uses. */
const RESERVED = new Set(
  (
    'abstract any arguments as async await boolean break case catch class const continue debugger declare ' +
    'default delete do else enum eval export extends false finally for function if implements import in ' +
    'instanceof interface let namespace never new null number object package private protected public ' +
    'return static string super switch symbol this throw true try type typeof undefined unknown var void ' +
    'while with yield bigint Uint8Array Array Object'
  ).split(' '),
);

/** Names of one file; a struct `Foo` claims `Foo`, `FooReader`, `FooBuilder` and `FooObject`. */
export class FileNames {
  private readonly taken = new Set<string>();
  private readonly chosen = new Map<bigint, string>();

  constructor(request: Request, fileId: bigint) {
    const file = request.nodes.get(fileId);
    if (file !== undefined) this.claimScope(request, file, '');
  }

  /** Name of a node; undefined when it is not of this file. */
  get(id: bigint): string | undefined {
    return this.chosen.get(id);
  }

  private claimScope(request: Request, scope: SchemaNode, prefix: string): void {
    for (const { name, id } of scope.nested) {
      const node = request.nodes.get(id);
      if (node !== undefined) this.claimNode(request, node, prefix + name);
    }
    if (scope.kind !== 'struct') return;
    for (const field of scope.fields) {
      if (field.kind !== 'group') continue;
      const group = request.nodes.get(field.typeId);
      if (group !== undefined) this.claimNode(request, group, `${prefix}${capital(field.name)}Group`);
    }
  }

  private claimNode(request: Request, node: SchemaNode, wish: string): void {
    const endings = node.kind === 'struct' ? ['', 'Reader', 'Builder', 'Object', '_members'] : [''];
    let name = wish;
    while (endings.some((ending) => this.isTaken(name + ending))) name += '_';
    for (const ending of endings) this.taken.add(name + ending);
    this.chosen.set(node.id, name);
    this.claimScope(request, node, `${name}_`);
  }

  isTaken(name: string): boolean {
    return this.taken.has(name) || RESERVED.has(name);
  }

  /** A name for something that is not a node. */
  claim(wish: string): string {
    let name = wish;
    while (this.isTaken(name)) name += '_';
    this.taken.add(name);
    return name;
  }
}

/** Member names of one generated class: fields come first, helpers such as `hasFoo` give way. */
export class MemberNames {
  private readonly taken = new Set([
    'constructor',
    'asReader',
    'toString',
    'toLocaleString',
    'valueOf',
    'hasOwnProperty',
    'isPrototypeOf',
    'propertyIsEnumerable',
  ]);

  constructor(hasUnion: boolean) {
    if (hasUnion) {
      this.taken.add('which');
      this.taken.add('whichIndex');
    }
  }

  claim(wish: string): string {
    let name = wish;
    while (this.taken.has(name)) name += '_';
    this.taken.add(name);
    return name;
  }
}

export function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
