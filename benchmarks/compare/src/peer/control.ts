// The orders of the command to a measured process, a line each, and the answers: never while something is timed.
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** An order is a word and what follows it. What the handler returns goes back as JSON. */
export type Handler = (argument: string) => unknown;

/**
 * Connects, says who we are, and carries out orders one after the other. When the command is gone, so are we:
 * nothing of a measurement may stay behind.
 */
export function obey(path: string, hello: object, handlers: Record<string, Handler>): void {
  const socket = connect(path);
  let left = false;
  socket.on('error', () => process.exit(1));
  socket.on('close', () => {
    if (!left) process.exit(1);
  });
  socket.on('connect', () => {
    say(socket, hello);
    void (async () => {
      for await (const line of createInterface({ input: socket })) {
        const space = line.indexOf(' ');
        const word = line.slice(0, space);
        left ||= word === 'leave';
        await carryOut(socket, handlers[word]!, line.slice(space + 1));
        if (left) socket.end(() => process.exit(0));
      }
    })();
  });
}

async function carryOut(socket: Socket, handler: Handler, argument: string): Promise<void> {
  try {
    say(socket, { ok: (await handler(argument)) ?? {} });
  } catch (error) {
    say(socket, { error: (error as Error).message });
  }
}

function say(socket: Socket, what: object): void {
  socket.write(`${JSON.stringify(what)}\n`);
}
