// A worker thread that never returns to Node's event loop: one epoll loop drives its listener, its connections, their
// pings and their idle timers. No promise, no callback of Node's, no second thread.
import { workerData } from 'node:worker_threads';
import {
  EpollEventLoop,
  type EpollWatch,
  type NativeSocketStream,
  NativeSocketStreamAcceptor,
  WOULD_BLOCK,
} from '@flow-ipc/core/sync-io';

const { name, clients } = workerData as { name: string; clients: number };
const loop = new EpollEventLoop();
let left = clients;

/** One client: answers each message in capitals until the client ends its sending. */
class Connection {
  readonly #stream: NativeSocketStream<EpollWatch>;
  readonly #target = Buffer.alloc(65_534);

  constructor(stream: NativeSocketStream<EpollWatch>) {
    this.#stream = stream;
    stream.replaceEventWaitHandles(loop.createHandle);
    stream.startSendOps(loop.eventWait);
    stream.startReceiveOps(loop.eventWait);
    stream.autoPing(500);
    stream.idleTimerRun(5000);
    this.#receive();
  }

  #receive(): void {
    try {
      for (;;) {
        const size = this.#stream.asyncReceiveBlob(this.#target, (error, late) => {
          if (error) this.#end();
          else {
            this.#answer(late);
            this.#receive();
          }
        });
        if (size === WOULD_BLOCK || size === false) return;
        this.#answer(size);
      }
    } catch {
      this.#end();
    }
  }

  #answer(size: number): void {
    this.#stream.sendBlob(Buffer.from(this.#target.toString('utf8', 0, size).toUpperCase()));
  }

  #end(): void {
    this.#stream.close();
    if (--left === 0) loop.stop();
  }
}

const acceptor = new NativeSocketStreamAcceptor<EpollWatch>(name);
acceptor.replaceEventWaitHandles(loop.createHandle);
acceptor.startAcceptOps(loop.eventWait);

function accept(): void {
  for (;;) {
    const stream = acceptor.asyncAccept((error, late) => {
      if (error) throw error;
      new Connection(late!);
      accept();
    });
    if (stream === WOULD_BLOCK || stream === false) return;
    new Connection(stream);
  }
}

accept();
loop.run();
acceptor.close();
loop.close();
