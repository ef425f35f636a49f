// Names of kernel-visible resources: `_libipc_<type>_<srvApp>_<srvNs>_<cliApp>_<cliNs>[_rest]` (features 1-6).

export const SEPARATOR = '_';
export const ROOT = 'libipc';
/** Stands where a component does not apply. */
export const SENTINEL = '0';
/** Names the first or only one of its kind. */
export const FIRST_OR_ONLY = '1';
/** Longest name that sanitising accepts. */
export const MAX_NAME_LENGTH = 75;

export const ResourceType = {
  SHM: 'shm',
  MUTEX: 'mtx',
  POSIX_MQ: 'posixQ',
  BIPC_MQ: 'bipcQ',
  SOCKET_STREAM_ACCEPTOR: 'sockStmAcc',
} as const;
export type ResourceType = (typeof ResourceType)[keyof typeof ResourceType];

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
 * A name built from components. Immutable. `slash` puts a separator between, `plus` does not: the two families
 * of concatenation that the C++ type has. Nothing is validated here; the kernel has the last word.
 */
export class SharedName {
  readonly #text: string;

  constructor(text = '') {
    this.#text = text;
  }

  static ct(part: string | number): SharedName {
    return new SharedName(String(part));
  }

  slash(part: SharedName | string | number): SharedName {
    return new SharedName(this.#text + SEPARATOR + String(part));
  }

  plus(part: SharedName | string | number): SharedName {
    return new SharedName(this.#text + String(part));
  }

  get absolute(): boolean {
    return this.#text.startsWith(SEPARATOR);
  }

  /** True iff only letters, digits and single separators, at most {@link MAX_NAME_LENGTH} long. */
  get sanitized(): boolean {
    return this.#text.length <= MAX_NAME_LENGTH && /^\w*$/.test(this.#text) && !this.#text.includes('__');
  }

  get length(): number {
    return this.#text.length;
  }

  toString(): string {
    return this.#text;
  }
}

/** Name of a resource inside (part of) a session's scope; `rest` is appended after one more separator. */
export function resourceName(type: ResourceType, scope: NameScope, ...rest: (string | number)[]): SharedName {
  const parts = [ROOT, type, scope.srvApp ?? SENTINEL, scope.srvNamespace ?? SENTINEL];
  parts.push(scope.cliApp ?? SENTINEL, scope.cliNamespace ?? SENTINEL, ...rest.map(String));
  return new SharedName(SEPARATOR + parts.join(SEPARATOR));
}

const DECOMPOSE = /^_libipc_([^_]+)_([^_]+)_([^_]+)_([^_]+)_([^_]+)(?:_(.+))?$/;

/** The reverse of {@link resourceName}; undefined when the text is not of that form. */
export function decomposeResourceName(
  text: string,
): (Required<NameScope> & { type: string; rest: string }) | undefined {
  const m = DECOMPOSE.exec(text);
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
