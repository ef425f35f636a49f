// Names of kernel-visible resources, and the conventions of how they are put together (features 1-6).
import { inspect } from 'node:util';

/** Stands between the components of a name, and before the first of an absolute one. */
export const NAME_SEPARATOR = '_';
/** The first component of every conventional name. */
export const NAME_ROOT = 'libipc';
/** Stands where a component does not apply. */
export const SENTINEL = '0';
/** Names the first or only one of its kind. */
export const FIRST_OR_ONLY = '1';
/** Longest name that sanitising accepts. */
export const MAX_NAME_LENGTH = 75;

/** The second component of every conventional name: what kind of resource it is. */
export const ResourceType = {
  SHM: 'shm',
  MUTEX: 'mtx',
  POSIX_MQ: 'posixQ',
  BIPC_MQ: 'bipcQ',
  SOCKET_STREAM_ACCEPTOR: 'sockStmAcc',
  LOCAL_SOCKET: 'lclSock',
} as const;
export type ResourceType = (typeof ResourceType)[keyof typeof ResourceType];

/** What a name can be made of or put together with. */
export type NamePart = SharedName | string | number;

/** The four components that place a resource in a session; absent ones become the sentinel. */
export interface NameScope {
  srvApp?: string;
  /** The server's PID in decimal. */
  srvNamespace?: string;
  cliApp?: string;
  /** '1', '2', … per server process. */
  cliNamespace?: string;
}

/**
 * A name built from components: C++'s Shared_name, immutable. `slash` puts a separator between, `plus` does not:
 * its two families of concatenation, `/` and `+`; where C++ says `name /= x`, write `name = name.slash(x)`.
 *
 * Nothing is validated here, the kernel has the last word: see {@link sanitized} and {@link sanitize}. By
 * convention a component is camelCase, without a separator in it.
 */
export class SharedName {
  readonly #text: string;

  constructor(text = '') {
    this.#text = text;
  }

  /** A name of one component, or of text that is a name already: no separator is added. */
  static ct(part: NamePart): SharedName {
    return new SharedName(String(part));
  }

  /** Order of names, for sort(): by their characters, as in C++. */
  static compare(a: SharedName | string, b: SharedName | string): number {
    return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  }

  /** This name, a separator, then `part`: also when either is empty, and whether or not one is there already. */
  slash(part: NamePart): SharedName {
    return new SharedName(this.#text + NAME_SEPARATOR + String(part));
  }

  /** This name, then `part`. */
  plus(part: NamePart): SharedName {
    return new SharedName(this.#text + String(part));
  }

  equals(other: SharedName | string): boolean {
    return this.#text === String(other);
  }

  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** True iff the first character is the separator. */
  get absolute(): boolean {
    return this.#text.startsWith(NAME_SEPARATOR);
  }

  get hasTrailingSeparator(): boolean {
    return this.#text.endsWith(NAME_SEPARATOR);
  }

  /** True iff only letters, digits and single separators, at most {@link MAX_NAME_LENGTH} long. */
  get sanitized(): boolean {
    return this.#text.length <= MAX_NAME_LENGTH && /^\w*$/.test(this.#text) && !this.#text.includes('__');
  }

  /**
   * The nearest name that is {@link sanitized}: `/` becomes a separator, runs of separators become one. Undefined
   * when that does not help: the name is too long or has other characters. Nothing calls this by itself.
   */
  sanitize(): SharedName | undefined {
    const name = new SharedName(this.#text.replace(/[/_]+/g, NAME_SEPARATOR));
    return name.sanitized ? name : undefined;
  }

  /** In bytes, as limits of names are. */
  get length(): number {
    return Buffer.byteLength(this.#text);
  }

  /** The name itself. Use it as the key of a Map: two equal names are two objects. */
  toString(): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }

  /** As C++ logs it: length, bar, name; or `null` when empty. */
  [inspect.custom](): string {
    return this.isEmpty ? 'null' : `${this.length}|${this.#text}`;
  }
}

/**
 * Name of a resource inside (part of) a session's scope:
 * `_libipc_<type>_<srvApp>_<srvNamespace>_<cliApp>_<cliNamespace>[_rest]`.
 */
export function resourceName(type: ResourceType, scope: NameScope, ...rest: (string | number)[]): SharedName {
  const parts = [NAME_ROOT, type, scope.srvApp ?? SENTINEL, scope.srvNamespace ?? SENTINEL];
  parts.push(scope.cliApp ?? SENTINEL, scope.cliNamespace ?? SENTINEL, ...rest.map(String));
  return new SharedName(NAME_SEPARATOR + parts.join(NAME_SEPARATOR));
}

/**
 * Name of a resource that belongs to no session: `_libipc_<type>_0_0_0[_rest]`, with three sentinels where a name
 * of a session has four components.
 */
export function nonSessionResourceName(type: ResourceType, ...rest: (string | number)[]): SharedName {
  const parts = [NAME_ROOT, type, SENTINEL, SENTINEL, SENTINEL, ...rest.map(String)];
  return new SharedName(NAME_SEPARATOR + parts.join(NAME_SEPARATOR));
}

const SESSION_BASED = /^_libipc_([^_]+)_([^_]+)_([^_]+)_([^_]+)_([^_]+)(?:_(.+))?$/;

/**
 * The reverse of {@link resourceName}; undefined when the text is not of that form. `rest` is '' when there is none.
 * A component must not contain the separator: an app name that does is taken apart at the wrong place.
 */
export function decomposeResourceName(
  name: SharedName | string,
): (Required<NameScope> & { type: string; rest: string }) | undefined {
  const m = SESSION_BASED.exec(String(name));
  if (!m) return undefined;
  const [, type, srvApp, srvNamespace, cliApp, cliNamespace, rest] = m as unknown as string[];
  return {
    type: type!,
    srvApp: srvApp!,
    srvNamespace: srvNamespace!,
    cliApp: cliApp!,
    cliNamespace: cliNamespace!,
    rest: rest ?? '',
  };
}

const NON_SESSION_BASED = /^_libipc_([^_]+)_0_0_0(?:_(.+))?$/;

/** The reverse of {@link nonSessionResourceName}; undefined when the text is not of that form. */
export function decomposeNonSessionResourceName(
  name: SharedName | string,
): { type: string; rest: string } | undefined {
  const m = NON_SESSION_BASED.exec(String(name));
  return m ? { type: m[1]!, rest: m[2] ?? '' } : undefined;
}
