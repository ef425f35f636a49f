// Permissions_level and its two mode maps (feature 8).

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
