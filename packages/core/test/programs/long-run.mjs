// Messages of mixed sizes in a known order: the sender of the long run, and what both of its ends know.
import { fileURLToPath } from 'node:url';
import { NativeSocketStream, socketStreamChannel } from '@flow-ipc/core';

/** What message `index` is: 8 bytes of index and checksum, then bytes that follow from the index. */
export function* messages(count) {
  const bytes = new Uint8Array(65_534);
  const view = new DataView(bytes.buffer);
  let state = 0x2545f491;
  for (let index = 0; index < count; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const kind = state & 1023;
    const limit = kind === 0 ? 65_534 : kind < 100 ? 2000 : 120;
    const size = 8 + ((state >>> 10) % (limit - 8));
    view.setUint32(0, index, true);
    // The bytes change a little with each message, so that a shifted or stale one shows.
    for (let i = 8; i < Math.min(size, 72); i++) bytes[i] = index + i;
    if (size > 72) bytes[72 + (index % (size - 72))] = index;
    view.setUint32(4, checksum(bytes, 8, size), true);
    yield bytes.subarray(0, size);
  }
}

export function checksum(bytes, from, to) {
  let sum = 0x811c9dc5;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
  return sum >>> 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, count] = process.argv.slice(2);
  const channel = socketStreamChannel(NativeSocketStream.connect(name));
  for (const message of messages(Number(count))) {
    if (!channel.sendBlob(message)) await channel.drained();
  }
  await channel.endSending();
  channel.close();
}
