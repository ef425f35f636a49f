// Schema files at random: every kind of field, defaults, unions, groups, enums, generics, imports of nothing.

export type Random = () => number;

/** Uniform numbers below `n`. */
export function below(random: Random, n: number): number {
  return random() % n;
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[below(random, items.length)]!;
}

export function xorshift(seed: number): Random {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const SCALARS: Readonly<Record<string, (random: Random) => string>> = {
  Bool: (r) => pick(r, ['true', 'false']),
  Int8: (r) => `${below(r, 256) - 128}`,
  Int16: (r) => `${below(r, 65536) - 32768}`,
  Int32: (r) => `${r() | 0}`,
  Int64: (r) => `${BigInt(r()) * BigInt(r()) - (1n << 62n)}`,
  UInt8: (r) => `${below(r, 256)}`,
  UInt16: (r) => `${below(r, 65536)}`,
  UInt32: (r) => `${r()}`,
  UInt64: (r) => `${BigInt(r()) * BigInt(r())}`,
  Float32: (r) => pick(r, ['1.5', '-0.25', 'inf', '1e10']),
  Float64: (r) => pick(r, ['0.1', '-1e300', '-inf', '123456789.5']),
};

/** One file with the root struct `Root`. */
export function randomSchema(random: Random): string {
  const structs = Array.from({ length: 2 + below(random, 4) }, (_, i) => `S${i}`);
  const enumNames = Array.from({ length: 2 + below(random, 6) }, (_, i) => `e${i}`);
  const context: Context = { random, structs: ['Root', ...structs], enumNames };
  const body = ['Root', ...structs].map((name) => struct(context, name)).join('\n');
  const id = (0x8000000000000000n | (BigInt(random()) << 31n) | BigInt(random() >>> 1)).toString(16);
  return [
    `@0x${id};`,
    `enum E { ${enumNames.map((name, i) => `${name} @${i};`).join(' ')} }`,
    'struct Box(T) { size @0 :UInt16; value @1 :T; more @2 :List(Box(T)); }',
    body,
    '',
  ].join('\n');
}

interface Context {
  readonly random: Random;
  readonly structs: readonly string[];
  readonly enumNames: readonly string[];
}

/** Ordinals have no gaps, and the fields of a struct share them with its groups. */
class Members {
  readonly lines: string[] = [];
  next = 0;
}

function struct(context: Context, name: string): string {
  const members = new Members();
  fields(context, members, 1 + below(context.random, 9), 2);
  if (below(context.random, 2) === 0) union(context, members, 2);
  return `struct ${name} {\n${members.lines.join('\n')}\n}`;
}

function fields(context: Context, members: Members, count: number, depth: number): void {
  for (let i = 0; i < count; i++) {
    if (depth > 0 && below(context.random, 9) === 0) group(context, members, depth);
    else field(context, members);
  }
}

function field(context: Context, members: Members): void {
  const { random } = context;
  const ordinal = members.next++;
  const type = fieldType(context, 2);
  const value = below(random, 3) === 0 ? defaultOf(context, type) : undefined;
  members.lines.push(`  f${ordinal} @${ordinal} :${type}${value === undefined ? '' : ` = ${value}`};`);
}

function group(context: Context, members: Members, depth: number): void {
  const name = `g${members.next}`;
  const inner = new Members();
  inner.next = members.next;
  fields(context, inner, 1 + below(context.random, 3), depth - 1);
  if (below(context.random, 3) === 0) union(context, inner, depth - 1);
  members.next = inner.next;
  members.lines.push(`  ${name} :group {`, ...inner.lines, '  }');
}

function union(context: Context, members: Members, depth: number): void {
  const inner = new Members();
  inner.next = members.next;
  fields(context, inner, 2 + below(context.random, 4), depth - 1);
  members.next = inner.next;
  members.lines.push('  union {', ...inner.lines, '  }');
}

function fieldType(context: Context, depth: number): string {
  const { random } = context;
  const choice = below(random, 20);
  if (choice < 9) return pick(random, Object.keys(SCALARS));
  if (choice < 10) return 'Void';
  if (choice < 12) return 'E';
  if (choice < 14) return pick(random, ['Text', 'Data']);
  if (choice < 16) return pick(random, context.structs);
  if (choice < 17) return `Box(${pick(random, ['Text', 'Data', 'List(Int32)', ...context.structs])})`;
  return depth > 0 ? `List(${fieldType(context, depth - 1)})` : 'Bool';
}

function defaultOf(context: Context, type: string): string | undefined {
  const { random } = context;
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar(random);
  if (type === 'E') return pick(random, context.enumNames);
  if (type === 'Text') return '"default"';
  if (type === 'Data') return '0x"01 02"';
  if (type === 'List(UInt8)') return '[1, 2, 3]';
  return undefined;
}
