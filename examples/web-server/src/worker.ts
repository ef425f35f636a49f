import { createServer } from 'node:http';
import { ClientSession } from '@flow-ipc/session';
import { WEB, WORKER } from './apps.js';

// A web server that listens nowhere: its connections come from another process.
const http = createServer((request, response) => {
  if (request.url === '/crash') process.abort();
  response.end(`${request.url} by process ${process.pid}\n`);
});
const session = await ClientSession.connect({ client: WORKER, server: WEB, channels: 1 });
try {
  for await (const { handle } of session.channels[0]!.messages()) {
    if (handle) http.emit('connection', handle.toSocket());
  }
} catch {
  // The server is gone, and with it our reason to be: connections that are open are served to their end.
}
await session.close();
