export function oraclePath(): string;
export function oracle(...args: (string | number)[]): string[];
export function mqOraclePath(): string;
export function mqOracle(...args: (string | number)[]): string[];
