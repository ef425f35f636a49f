// Error numbers as the addon's hot calls return them: negative.
import { constants } from 'node:os';

export const EAGAIN = -constants.errno.EAGAIN;
export const EINTR = -constants.errno.EINTR;
export const ECONNRESET = -constants.errno.ECONNRESET;
export const ECONNREFUSED = -constants.errno.ECONNREFUSED;
