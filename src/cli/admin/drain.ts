import { Command, Option } from 'commander';
import { counted } from '../../admin/index.ts';
import { LatchkeyError, limits } from '../../base/index.ts';
import { durationSeconds } from '../durations.ts';
import { concluded } from '../outcome.ts';
import { asked } from './client.ts';
import { atEachNode } from './each-node.ts';
import { type AdminOptions, withAdminOptions } from './options.ts';

/** `latchkey drain --over 30s` */
export function drainCommand(): Command {
  return withAdminOptions(
    new Command('drain').description('Let a relay take no new work, tell its clients to move, and end.'),
  )
    .addOption(
      new Option(
        '--over <time>',
        'over how long clients are told to move; the relay’s own setting, when left out',
      ).argParser(durationSeconds),
    )
    .option('--dry-run', 'say who would have to move, and change nothing', false)
    .action((options: AdminOptions & { over?: number; dryRun: boolean }) =>
      concluded(async () => {
        const { over, dryRun } = options;
        if (over !== undefined && (over < 1 || over > limits.drainSecondsMax)) {
          throw new LatchkeyError('params-invalid', `--over: 1 to ${limits.drainSecondsMax} s`);
        }
        await atEachNode(options, async (node) => {
          const body = over === undefined ? {} : { overSeconds: over };
          const printed = await asked(node, 'drain', { query: { dryRun: String(dryRun) }, body });
          const moving = `${counted(printed.cameras, 'camera')} and ${counted(printed.sessions, 'live view')}`;
          return {
            printed,
            words: dryRun ? `${moving} would have to move; nothing was changed` : `draining: ${moving} to move`,
          };
        });
      }, options.json),
    );
}
