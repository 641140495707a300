import { writeFileSync } from 'node:fs';

/** What a bench has to show, and whether it does. */
export interface Aim {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly holds: boolean;
}

/** What each bench takes, for `parseArgs`. */
export const commonOptions = {
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Writes what came of a bench where `--json` wants it, if it does. */
export function keep(
  file: string | undefined,
  results: { readonly aims: readonly Aim[]; readonly runs: unknown },
): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}
