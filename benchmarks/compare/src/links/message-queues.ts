// Ours: streams of messages over two message queues, POSIX's or Boost's. The client makes them and tells the server.
import {
  BipcMqHandle,
  Channel,
  type MqHandleClass,
  type MqOptions,
  mqPipes,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
  PosixMqHandle,
} from '@flow-ipc/core';
import type { Link, Server, Setting, SubjectModule } from './link.js';
import { PipeLink, PipeServer, type Pipes } from './pipes.js';
import { queuePrefix } from './queue-names.js';
import { acceptAll, socketName } from './raw-socket.js';

/** Where a client's two queues are: to the server, and from it. */
interface Names {
  there: string;
  back: string;
}

let made = 0;

class QueueLink extends PipeLink {
  readonly #channel: Channel;
  readonly #onExit = () => this.closePipes();

  constructor(setting: Setting, pipes: Pipes, channel: Channel) {
    super(setting, pipes);
    this.#channel = channel;
    // Queues outlive their processes: whatever ends us, they go too, unless we are killed.
    process.once('exit', this.#onExit);
  }

  override async close(): Promise<void> {
    process.off('exit', this.#onExit);
    this.closePipes();
    this.#channel.close();
  }
}

function messageQueues(kind: MqHandleClass, optionsFor: (clients: number) => MqOptions): SubjectModule {
  return {
    async serve(setting): Promise<Server> {
      const acceptor = new NativeSocketStreamAcceptor(socketName(setting));
      const server = new PipeServer(setting, () => acceptor.close());
      void acceptAll(acceptor, async (stream) => {
        const channel = new Channel(stream);
        const { there, back } = JSON.parse(Buffer.from(await channel.receiveBlob()).toString()) as Names;
        const pipes = mqPipes({ out: kind.open(back), in: kind.open(there) });
        server.add(pipes);
        channel.sendBlob(Buffer.from('ready'));
        // A queue does not tell that its other end has gone; the socket does.
        await channel.receiveBlob().catch(() => {});
        pipes.sender.close();
        pipes.receiver.close();
      });
      return server;
    },

    async connect(setting: Setting): Promise<Link> {
      const name = (way: string) => `${queuePrefix(setting.runDir)}${process.pid}_${made}_${way}`;
      const names: Names = { there: name('there'), back: name('back') };
      made++;
      const options = optionsFor(setting.clients);
      const pipes = mqPipes({ out: kind.create(names.there, options), in: kind.create(names.back, options) });
      const channel = new Channel(NativeSocketStream.connect(socketName(setting)));
      channel.sendBlob(Buffer.from(JSON.stringify(names)));
      await channel.receiveBlob();
      return new QueueLink(setting, pipes, channel);
    },
  };
}

/**
 * As large as Linux allows without being told otherwise; for several clients small enough that all queues together stay
 * within what one user may have.
 */
export const posixMq = messageQueues(PosixMqHandle, (clients) => ({
  maxMessages: 10,
  maxMsgSize: clients > 1 ? 256 : 8192,
}));
export const bipcMq = messageQueues(BipcMqHandle, () => ({ maxMessages: 16, maxMsgSize: 65_536 }));
