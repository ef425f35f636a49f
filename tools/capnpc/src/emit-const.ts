// Emits schema constants.

import { messageExpression } from './emit-struct.js';
import { literal } from './scalars.js';
import type { ConstNode, Value } from './schema.js';
import type { FileScope } from './scope.js';
import { type Context, classOf, listClass, listType, structType } from './type-text.js';
import type { Writer } from './writer.js';

export function emitConst(out: Writer, scope: FileScope, node: ConstNode): void {
  const name = scope.ref(node.id);
  const { type, value } = node;
  const context: Context = { scope, parameters: [], brand: '', side: 'Reader' };
  out.doc(node.doc);
  switch (type.kind) {
    case 'text':
      out.line(`export const ${name} = ${JSON.stringify(value ?? '')};`);
      break;
    case 'data':
      out.line(`export const ${name}: Uint8Array = /* @__PURE__ */ $.constantBytes(${message(value)});`);
      break;
    case 'struct': {
      const struct = structType(context, type);
      const Reader = classOf(context, type, 'Reader');
      out.line(
        `export const ${name}: ${Reader} = /* @__PURE__ */ $.constantStruct(${struct}.Reader, ${message(value)});`,
      );
      break;
    }
    case 'list': {
      const Reader = listClass(context, type.element, 'Reader');
      const list = listType(context, type.element);
      out.line(
        `export const ${name}: ${Reader} = /* @__PURE__ */ $.constantList(${list}, ${message(value)});`,
      );
      break;
    }
    case 'enum':
      out.line(
        `export const ${name}: ${scope.ref(type.id)} = ${literal('enum', value)} as ${scope.ref(type.id)};`,
      );
      break;
    case 'anyPointer':
    case 'anyStruct':
    case 'anyList':
    case 'capability':
    case 'parameter':
      break;
    default:
      // Infinities and NaN are calls; marked, so that unused constants can be dropped.
      out.line(`export const ${name} = ${literal(type.kind, value).replace(/^\$/, '/* @__PURE__ */ $')};`);
  }
  out.line();
}

function message(value: Value): string {
  if (typeof value !== 'object' || !('message' in value)) return 'undefined';
  return messageExpression(value.message);
}
