// What every subject implements: a server, and a client's connection to it.
import type { Chunks } from '../peer/file.js';
import type { Message } from '../peer/message.js';

/** What both sides of a subject are told. */
export interface Setting {
  /** A folder of this team's own, where the sides find each other. */
  runDir: string;
  /** Size of the messages in bytes. */
  size: number;
  /** How many clients there will be. */
  clients: number;
  /** The subject's blocking variant. */
  blocking: boolean;
  /** Answers lie ready where they are sent from, instead of being made for each request. */
  ready: boolean;
}

export interface Server {
  /**
   * Servers of blocking subjects, where their layer can block: serves until the last message of a batch, without
   * the event loop.
   */
  serveBatch?(): void;
  /** Subjects whose clients are the server's own children: starts one, which gets these arguments. */
  spawn?(args: string[]): void;
  /** The same subjects: a new connection (a new child, that is), and one round trip. The result closes it. */
  open?(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** A message that lies where it is sent from, to be stamped and sent again and again. */
export interface Ready {
  message: Message;
  send(): void;
}

/**
 * A client's connection. What comes in is handed to `onReply` and `onFile`, valid only until they return. Failures
 * surface as uncaught exceptions: the process dies of them, which is how the command learns.
 */
export interface Link {
  /** Every call returns only when it is done: send() and fetch() behind the reply, push() when there is room. */
  readonly blocking: boolean;
  /** One-way bytes that may be under way, for subjects whose own flow control does not bound their memory. */
  readonly window?: number;
  onReply: (bytes: Uint8Array) => void;
  onFile: (chunks: Chunks) => void;
  /** One request made of these bytes; its answer is a reply. */
  send(bytes: Uint8Array): void;
  /** Makes a message of the setting's size that is sent as it lies. Absent, or undefined: send() is that already. */
  ready?(): Ready | undefined;
  /** One message of many; the promise, if any, is the subject's word that the sender should wait. */
  push(bytes: Uint8Array): Promise<void> | undefined;
  /** Blocking links: returns once a further reply was handed over. */
  waitForReply?(): void;
  /** Requests the file; `last` as in Message.stamp(). */
  fetch(last: boolean): void;
  close(): Promise<void>;
}

export interface SubjectModule {
  serve(setting: Setting): Promise<Server>;
  connect(setting: Setting): Promise<Link>;
}

export const ignore = (): void => {};
