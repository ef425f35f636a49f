export function oraclePath(): string;
export function oracle(...args: (string | number)[]): string[];
