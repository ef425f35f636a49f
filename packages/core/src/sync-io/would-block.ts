// The one result that is neither done nor failed (feature 22).

/** "Not yet": the handler will be called, from within the event loop. C++ S_SYNC_IO_WOULD_BLOCK. */
export const WOULD_BLOCK: unique symbol = Symbol('flow-ipc.sync-io.would-block');
export type WouldBlock = typeof WOULD_BLOCK;
