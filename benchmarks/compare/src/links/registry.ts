// Where the code of each subject is; loaded only by the processes that are measured.
import type { SubjectModule } from './link.js';
import type { Sessions } from './structured.js';

/** Without the /async or /blocking. */
export async function loadSubject(name: string): Promise<SubjectModule> {
  switch (name) {
    case 'raw-socket':
      return import('./raw-socket.js');
    case 'posix-mq':
      return (await import('./message-queues.js')).posixMq;
    case 'bipc-mq':
      return (await import('./message-queues.js')).bipcMq;
    case 'structured-heap': {
      const { ClientSession, SessionServer } = await import('@flow-ipc/session');
      return structuredOver(ClientSession, SessionServer, false);
    }
    case 'structured-shm-classic': {
      const { ClientSession, SessionServer } = await import('@flow-ipc/shm');
      return structuredOver(ClientSession, SessionServer, true);
    }
    case 'structured-shm-jemalloc': {
      const { ClientSession, SessionServer } = await import('@flow-ipc/shm-arena-lend');
      return structuredOver(ClientSession, SessionServer, true);
    }
    case 'node-net':
      return import('./node-net.js');
    case 'child-process-json':
      return (await import('./child-process.js')).childProcessJson;
    case 'child-process-advanced':
      return (await import('./child-process.js')).childProcessAdvanced;
    case 'message-port':
      return import('./message-port.js');
    case 'zeromq':
      return import('./zeromq.js');
    case 'grpc':
      return import('./grpc.js');
    default:
      throw new RangeError(`no subject is called ${name}`);
  }
}

async function structuredOver(
  client: { connect: Sessions['connect'] },
  server: { create: Sessions['create'] },
  shared: boolean,
): Promise<SubjectModule> {
  const { structured } = await import('./structured.js');
  return structured({
    connect: (options) => client.connect(options),
    create: (options) => server.create(options),
    shared,
  });
}
