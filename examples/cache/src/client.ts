import { ClientSession } from '@flow-ipc/shm';
import { CACHE, READER } from './apps.js';
import { Body } from './generated/cache.capnp.js';

const session = await ClientSession.connect({ client: READER, server: CACHE, channels: 1 });
const channel = session.structured(session.channels[0]!, Body);
using request = channel.buildMsg((body) => (body.initGet().name = process.argv[2]!));
using response = await channel.request(request);
const { data } = response.body.file; // a view of the server's memory, not a copy
console.log(`${process.argv[2]}: ${data.length} bytes`);
await session.close();
