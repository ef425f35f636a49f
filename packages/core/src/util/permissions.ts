// Permissions_level with its two mode maps, and modes that no umask narrows (features 8, 9).
import { chmodSync, fchmodSync } from 'node:fs';
import { fromNative } from './errors.js';
import type { NativeHandle } from './native-handle.js';

/** Who may use a resource: nobody, its user, its group, everybody. */
export type PermissionsLevel = 'none' | 'user' | 'group' | 'unrestricted';

const NUMBER = { none: 0, user: 1, group: 2, unrestricted: 3 } as const;
const SHARED = { none: 0o000, user: 0o600, group: 0o660, unrestricted: 0o666 } as const;
const PRODUCER_CONSUMER = { none: 0o000, user: 0o600, group: 0o640, unrestricted: 0o644 } as const;

/** The C++ enumerator's value; part of the name of the CNS guard. */
export const permissionsLevelNumber = (level: PermissionsLevel): number => NUMBER[level];
/** Mode of a resource that both sides write. */
export const sharedResourceMode = (level: PermissionsLevel): number => SHARED[level];
/** Mode of a resource that one side writes and others read. */
export const producerConsumerMode = (level: PermissionsLevel): number => PRODUCER_CONSUMER[level];

/**
 * Gives an existing resource exactly this mode (such as `sharedResourceMode('group')`), whatever the umask is:
 * the mode that a creating call takes is narrowed by it. By path or by descriptor, which stays the caller's;
 * the descriptor is the better way where there is one, since nobody can swap what it names.
 * FlowIpcError SYSTEM when the kernel refuses; RangeError when `mode` is no mode.
 */
export function setResourcePermissions(resource: string | number | NativeHandle, mode: number): void {
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) throw new RangeError(`Not a file mode: ${mode}`);
  try {
    if (typeof resource === 'string') chmodSync(resource, mode);
    else fchmodSync(typeof resource === 'number' ? resource : resource.fd, mode);
  } catch (err) {
    const what = typeof resource === 'string' ? resource : 'the descriptor';
    throw fromNative(err, `Cannot set the permissions of ${what}`);
  }
}
