import { counted } from '../../admin/index.ts';
import { asLatchkeyError, type LatchkeyError } from '../../base/index.ts';
import { concluded, exitCodeOf } from '../outcome.ts';
import type { AdminNode } from './client.ts';
import { type AdminOptions, nodesOf } from './options.ts';

/** What a node answered, in words and as it is printed with `--json`. */
export interface Said {
  readonly words: string;
  readonly printed: object;
}

type Outcome = { readonly node: AdminNode } & ({ readonly said: Said } | { readonly error: LatchkeyError });

/**
 * Does the same at every node, all at once, and reports each. With one node its error is the command's; with several, each has its
 * line and the command fails if any did, with the exit code of the first that failed.
 */
export function atEachNode(options: AdminOptions, work: (node: AdminNode) => Promise<Said>): Promise<void> {
  return concluded(async () => {
    const nodes = nodesOf(options);
    const outcomes = await Promise.all(nodes.map((node) => outcomeOf(node, work)));
    const [first] = outcomes;
    if (nodes.length === 1 && first !== undefined) {
      if ('error' in first) throw first.error;
      process.stdout.write(options.json ? `${JSON.stringify(first.said.printed)}\n` : `${first.said.words}\n`);
      return;
    }
    for (const outcome of outcomes) report(outcome, options.json);
    const failed = outcomes.find((outcome) => 'error' in outcome);
    if (failed !== undefined && 'error' in failed) process.exitCode = exitCodeOf(failed.error);
  }, options.json);
}

async function outcomeOf(node: AdminNode, work: (node: AdminNode) => Promise<Said>): Promise<Outcome> {
  try {
    return { node, said: await work(node) };
  } catch (thrown) {
    return { node, error: asLatchkeyError(thrown) };
  }
}

/** One line of JSON for each node, or its words below its name. */
function report(outcome: Outcome, json: boolean): void {
  const { url } = outcome.node;
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    if (json) process.stdout.write(`${JSON.stringify({ admin: url, error: { code, message } })}\n`);
    else process.stderr.write(`${url}  failed: ${message}\n`);
  } else if (json) process.stdout.write(`${JSON.stringify({ admin: url, ...outcome.said.printed })}\n`);
  else process.stdout.write(`${url}  ${outcome.said.words.replaceAll('\n', `\n${' '.repeat(url.length + 2)}`)}\n`);
}

/** `3 live views and 2 connections`. */
export function endingWords({
  sessionsEnded,
  connectionsClosed,
}: {
  sessionsEnded: number;
  connectionsClosed: number;
}) {
  return `${counted(sessionsEnded, 'live view')} and ${counted(connectionsClosed, 'connection')}`;
}
