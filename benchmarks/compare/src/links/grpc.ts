// @grpc/grpc-js over unix:, with protocol buffers: unary calls for round trips, a two-way stream for one-way messages.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  Server as GrpcServer,
  type handleUnaryCall,
  loadPackageDefinition,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { asChunks, fileChunks } from '../peer/file.js';
import { Responder } from '../peer/responder.js';
import { ignore, type Link, type Server, type Setting } from './link.js';

interface Bytes {
  data: Uint8Array;
}
/** 64-bit numbers travel as decimal strings through the loader. */
interface File {
  chunks: { data: Uint8Array; size: number; hash: string }[];
}
type Callback<T> = (error: Error | null, reply: T) => void;
interface CompareClient extends Client {
  echo(request: Bytes, callback: Callback<Bytes>): void;
  fetch(request: object, callback: Callback<File>): void;
  push(): ClientDuplexStream<Bytes, Bytes>;
}

/** Seen from the built program. */
const proto = fileURLToPath(new URL('../schema/compare.proto', import.meta.url));
const { Compare } = loadPackageDefinition(loadSync(proto, { longs: String, defaults: true })) as unknown as {
  Compare: ServiceClientConstructor;
};

/** Messages of any size, and a connection of its own for each client object. */
const OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
};

/** Only small messages are measured with several clients at once. */
const SHARED_LIMIT = 64 * 1024;

const address = ({ runDir }: Setting) => `unix:${join(runDir, 'grpc.sock')}`;

export async function serve(setting: Setting): Promise<Server> {
  const server = new GrpcServer(OPTIONS);
  const responder = new Responder(setting.size);
  const echo: handleUnaryCall<Bytes, Bytes> = ({ request }, callback) => {
    const { bytes } = responder.onMessage(request.data)!;
    // Encoded later, perhaps when another client's answer has been stamped into the same bytes.
    callback(null, { data: bytes.length <= SHARED_LIMIT ? Buffer.from(bytes) : bytes });
  };
  const fetch: handleUnaryCall<object, File> = (_call, callback) => {
    const chunks = fileChunks().map(({ data, size, hash }) => ({ data, size, hash: hash.toString() }));
    callback(null, { chunks });
  };
  const push = (call: ServerDuplexStream<Bytes, Bytes>) => {
    const sink = new Responder(setting.size);
    call.on('data', ({ data }: Bytes) => {
      const note = sink.onMessage(data);
      if (note) call.write({ data: note.bytes });
    });
    call.on('end', () => call.end());
  };
  server.addService(Compare.service, { echo, fetch, push });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address(setting), ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return { close: async () => server.forceShutdown() };
}

class GrpcLink implements Link {
  readonly blocking = false;
  onReply: Link['onReply'] = ignore;
  onFile: Link['onFile'] = ignore;
  readonly #client: CompareClient;
  #stream: ClientDuplexStream<Bytes, Bytes> | undefined;

  constructor(setting: Setting) {
    this.#client = new Compare(
      address(setting),
      credentials.createInsecure(),
      OPTIONS,
    ) as unknown as CompareClient;
  }

  send(bytes: Uint8Array): void {
    this.#client.echo({ data: bytes }, (error, reply) => {
      if (error) throw error;
      this.onReply(reply.data);
    });
  }

  push(bytes: Uint8Array): Promise<void> | undefined {
    const stream = this.#pushStream();
    // Encoded later: each message must have bytes of its own.
    if (stream.write({ data: Buffer.from(bytes) })) return undefined;
    return new Promise((resolve) => stream.once('drain', resolve));
  }

  #pushStream(): ClientDuplexStream<Bytes, Bytes> {
    if (!this.#stream) {
      this.#stream = this.#client.push();
      this.#stream.on('data', ({ data }: Bytes) => this.onReply(data));
    }
    return this.#stream;
  }

  fetch(): void {
    this.#client.fetch({}, (error, { chunks }) => {
      if (error) throw error;
      this.onFile(asChunks(chunks.map(({ data, size, hash }) => ({ data, size, hash: BigInt(hash) }))));
    });
  }

  async close(): Promise<void> {
    this.#stream?.on('error', ignore).end();
    this.#client.close();
  }
}

export const connect = async (setting: Setting): Promise<Link> => new GrpcLink(setting);
