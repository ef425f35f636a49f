// The names that the two processes meet at, and the message of the raw channels.

export const LINKS = ['raw', 'structured'] as const;
export type Link = (typeof LINKS)[number];

export const linkName = (pid: number, link: Link): string => `flow-ipc-overhead-${pid}-${link}`;

/** As long as the body of the structured message. */
export const BLOB_SIZE = 32;
