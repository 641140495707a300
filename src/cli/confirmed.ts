import { createInterface } from 'node:readline';
import { LatchkeyError } from '../base/index.ts';

/** Who is asked, and where. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Asks at a terminal whether what cannot be taken back is meant; elsewhere `--yes` has to say so. `what` says what it does. Throws
 * `params-invalid` where it is not meant, and then nothing may be done.
 */
export async function demandConfirmed(
  what: string,
  yes: boolean,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes) return;
  if (input.isTTY !== true) throw new LatchkeyError('params-invalid', `${what}; say so with --yes`);
  const asking = createInterface({ input, output, terminal: false });
  const answer = await new Promise<string>((resolve) => {
    asking.question(`${what}. Go on? [y/N] `, resolve);
    // The end of the input says no.
    asking.once('close', () => resolve(''));
  });
  asking.close();
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new LatchkeyError('params-invalid', 'nothing was changed');
}
