// A universe: the apps that know each other, described once for all their programs (features 124-126, 166).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FlowIpcError, fromNative, type PermissionsLevel } from '@flow-ipc/core';
import { type App, type ClientApp, type ServerApp, validateApp, validateServerApp } from './app.js';
import { SessionError } from './errors.js';

/** A user or group id; `'own'` is the effective one of the process that reads the description. */
type Id = number | 'own';

/** What a universe's JSON file holds; its schema is published as `@flow-ipc/session/universe.schema.json`. */
export interface UniverseDescription {
  $schema?: string;
  /** For servers that name none themselves. @default '/var/run' */
  runDir?: string;
  apps: Record<string, AppDescription>;
}

export interface AppDescription {
  execPath: string;
  /** @default 'own' */
  uid?: Id;
  /** @default 'own' */
  gid?: Id;
  scriptPath?: string;
  descendantOfServer?: boolean;
  /** Makes it a server app. Any app can be a client, a server app too ("split" processes). */
  server?: { allowedClients: string[]; runDir?: string; permissionsLevel?: PermissionsLevel };
}

const UNIVERSE_KEYS = ['$schema', 'runDir', 'apps'];
const APP_KEYS = ['execPath', 'uid', 'gid', 'scriptPath', 'descendantOfServer', 'server'];
const SERVER_KEYS = ['allowedClients', 'runDir', 'permissionsLevel'];

/**
 * The apps of a description, checked: every program of the universe makes the same one and takes its own and its
 * partners' apps from it. Immutable.
 */
export class Universe {
  readonly #apps: ReadonlyMap<string, App>;
  readonly #servers: ReadonlyMap<string, ServerApp>;

  /** Throws INVALID_ARGUMENT that names what is wrong, and where. */
  constructor(description: UniverseDescription) {
    const { runDir, apps } = record(
      description,
      'The universe',
      UNIVERSE_KEYS,
    ) as Partial<UniverseDescription>;
    const entries = Object.entries(record(apps, 'apps') as Record<string, AppDescription>);
    if (entries.length === 0) throw wrong('apps: there are none');
    this.#apps = new Map(entries.map(([name, app]) => [name, toApp(name, app)]));
    this.#servers = new Map(
      entries
        .filter(([, app]) => app.server !== undefined)
        .map(([name, app]) => [name, this.#toServer(name, app, runDir)]),
    );
  }

  /**
   * Reads a JSON file. SYSTEM when it cannot be read, INVALID_ARGUMENT when it is no universe.
   */
  static load(path: string | URL): Universe {
    const file = path instanceof URL ? fileURLToPath(path) : path;
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (err) {
      throw fromNative(err, `Cannot read the universe ${file}`);
    }
    try {
      return new Universe(JSON.parse(text));
    } catch (err) {
      throw new FlowIpcError(SessionError.INVALID_ARGUMENT, `${file}: ${(err as Error).message}`, {
        cause: err,
      });
    }
  }

  /** The app of this name, as a client. INVALID_ARGUMENT when there is none. */
  client(name: string): ClientApp {
    return this.#get(this.#apps, name, 'app');
  }

  /** The server app of this name. INVALID_ARGUMENT when there is none. */
  server(name: string): ServerApp {
    return this.#get(this.#servers, name, 'server app');
  }

  /** All apps: what a SessionServer takes as `clients`. */
  get clients(): ClientApp[] {
    return [...this.#apps.values()];
  }

  get servers(): ServerApp[] {
    return [...this.#servers.values()];
  }

  #get<T>(apps: ReadonlyMap<string, T>, name: string, what: string): T {
    const app = apps.get(name);
    if (app) return app;
    throw wrong(`there is no ${what} '${name}'; there are: ${[...apps.keys()].join(', ') || 'none'}`);
  }

  #toServer(name: string, description: AppDescription, defaultRunDir: string | undefined): ServerApp {
    const where = `apps.${name}.server`;
    const server = record(description.server, where, SERVER_KEYS) as Partial<
      NonNullable<AppDescription['server']>
    >;
    const { allowedClients, permissionsLevel, runDir = defaultRunDir } = server;
    if (!Array.isArray(allowedClients)) throw wrong(`${where}.allowedClients is not a list of names`);
    const unknown = allowedClients.find((client) => !this.#apps.has(client));
    if (unknown !== undefined)
      throw wrong(`${where}.allowedClients: there is no app ${JSON.stringify(unknown)}`);
    const app: ServerApp = {
      ...this.#apps.get(name)!,
      allowedClients: Object.freeze([...allowedClients]),
      ...(runDir !== undefined && { runDir }),
      ...(permissionsLevel !== undefined && { permissionsLevel }),
    };
    validateServerApp(app);
    return Object.freeze(app);
  }
}

function toApp(name: string, description: AppDescription): App {
  const where = `apps.${name}`;
  const { execPath, uid, gid, scriptPath, descendantOfServer } = record(
    description,
    where,
    APP_KEYS,
  ) as Partial<AppDescription>;
  const app: App = {
    name,
    execPath: execPath as string,
    uid: toId(uid, process.geteuid!),
    gid: toId(gid, process.getegid!),
    ...(scriptPath !== undefined && { scriptPath }),
    ...(descendantOfServer !== undefined && { descendantOfServer }),
  };
  validateApp(app, where);
  return Object.freeze(app);
}

const toId = (id: Id | undefined, own: () => number): number =>
  id === undefined || id === 'own' ? own() : id;

/** An object with these keys at most: a misspelt option is not passed over. */
function record(value: unknown, where: string, keys?: readonly string[]): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(`${where} is not an object`);
  const unknown = keys && Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw wrong(`${where} has an unknown member ${JSON.stringify(unknown)}`);
  return value;
}

const wrong = (what: string): FlowIpcError => new FlowIpcError(SessionError.INVALID_ARGUMENT, what);
