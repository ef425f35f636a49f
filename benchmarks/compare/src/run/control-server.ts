// Where measured processes report for duty, each under the name it was given.
import { createServer, type Server, type Socket } from 'node:net';
import { lines, Party } from './party.js';

export interface Hello {
  hello: string;
  /** Servers: blocks on behalf of a batch, and wants to be told before each. */
  blocks?: boolean;
}

export class ControlServer {
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #awaited = new Map<string, (party: Party, hello: Hello) => void>();

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      void this.#welcome(socket);
    });
  }

  static async listen(path: string): Promise<ControlServer> {
    const control = new ControlServer(path);
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject).listen(path, resolve);
    });
    return control;
  }

  async #welcome(socket: Socket): Promise<void> {
    const input = lines(socket);
    const first = await input.next();
    if (first.done) return;
    const hello = JSON.parse(first.value) as Hello;
    this.#awaited.get(hello.hello)?.(new Party(input, socket), hello);
    this.#awaited.delete(hello.hello);
  }

  /** The process that reports under this name; as long as that takes. */
  awaitParty(id: string): Promise<{ party: Party; hello: Hello }> {
    return new Promise((resolve) => this.#awaited.set(id, (party, hello) => resolve({ party, hello })));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
