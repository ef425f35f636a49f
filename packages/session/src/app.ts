// App, Client_app, Server_app: who may talk to whom, known to both sides (features 124-126, 261).
import { isAbsolute, join } from 'node:path';
import { FlowIpcError, type PermissionsLevel, ResourceType, resourceName } from '@flow-ipc/core';
import { SessionError } from './errors.js';

/** One program, as the kernel sees its processes. */
export interface App {
  /** A letter, then letters and digits. It is part of names in the kernel, whose separator is '_'. */
  readonly name: string;
  /**
   * argv[0] of the program's processes, compared byte for byte. For a Node.js program that is what was typed to
   * start it: 'node', '/usr/bin/node', … (the script is argv[1], which is not looked at).
   */
  readonly execPath: string;
  /** Effective user and group of the program's processes. */
  readonly uid: number;
  readonly gid: number;
  /**
   * Beyond C++, checked where given: the script that a Node.js program's processes run, as an absolute path without
   * symbolic links. What argv[1] names, from the process's working directory.
   */
  readonly scriptPath?: string;
  /** Beyond C++: a client must have been started by the server process, or by what that started. @default false */
  readonly descendantOfServer?: boolean;
}

export type ClientApp = App;

export interface ServerApp extends App {
  /** Names of the client apps that may open sessions. */
  readonly allowedClients: readonly string[];
  /** Where the file with the server's process id is kept. @default '/var/run' */
  readonly runDir?: string;
  /** Who may use what the server creates. @default 'user' */
  readonly permissionsLevel?: PermissionsLevel;
}

export const DEFAULT_RUN_DIR = '/var/run';
const LEVELS: readonly PermissionsLevel[] = ['none', 'user', 'group', 'unrestricted'];
const NAME = /^[A-Za-z][A-Za-z0-9]*$/;
/** sun_path less the NUL: the longest abstract name, of which ours is the longest that carries the server's name. */
const SOCKET_NAME_MAX = 107;
/** Longest decimal process id on Linux (2^22). */
const PID_DIGITS = '4194304';

/** Throws INVALID_ARGUMENT that says what is wrong. */
export function validateApp(app: App, role: string): void {
  const wrong = (what: string) => new FlowIpcError(SessionError.INVALID_ARGUMENT, `${role}: ${what}`);
  if (typeof app?.name !== 'string' || !NAME.test(app.name)) {
    throw wrong(`the name ${JSON.stringify(app?.name)} is not a letter followed by letters and digits`);
  }
  if (typeof app.execPath !== 'string' || app.execPath === '') throw wrong(`${app.name}: execPath is empty`);
  for (const id of ['uid', 'gid'] as const) {
    if (!Number.isInteger(app[id]) || app[id] < 0) throw wrong(`${app.name}: ${id} is ${app[id]}`);
  }
  if (!isAbsolutePath(app.scriptPath)) throw wrong(`${app.name}: scriptPath is not an absolute path`);
  if (!['undefined', 'boolean'].includes(typeof app.descendantOfServer)) {
    throw wrong(`${app.name}: descendantOfServer is neither true nor false`);
  }
}

const isAbsolutePath = (path: unknown): boolean =>
  path === undefined || (typeof path === 'string' && isAbsolute(path));

export function validateServerApp(app: ServerApp): void {
  validateApp(app, 'Server app');
  const wrong = (what: string) =>
    new FlowIpcError(SessionError.INVALID_ARGUMENT, `Server app: ${app.name}: ${what}`);
  if (!Array.isArray(app.allowedClients)) throw wrong('allowedClients is not a list of names');
  if (!isAbsolutePath(app.runDir)) throw wrong('runDir is not an absolute path');
  if (!LEVELS.includes(permissionsLevelOf(app))) {
    throw wrong(`permissionsLevel is none of ${LEVELS.join(', ')}`);
  }
  if (listenerName(app, PID_DIGITS).length > SOCKET_NAME_MAX) {
    throw wrong('the name is too long for a socket name');
  }
}

export const permissionsLevelOf = (app: ServerApp): PermissionsLevel => app.permissionsLevel ?? 'user';

/** The abstract socket that a server process listens on. */
export const listenerName = (app: App, serverPid: string): string =>
  `${resourceName(ResourceType.SOCKET_STREAM_ACCEPTOR, { srvApp: app.name, srvNamespace: serverPid })}`;

/** The CNS file: holds the process id of the server that clients are to find. */
export const cnsPath = (app: ServerApp): string =>
  join(app.runDir ?? DEFAULT_RUN_DIR, `${app.name}.libipc-cns.pid`);
