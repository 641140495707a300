import { Command } from 'commander';
import { deviceId } from '../../base/index.ts';
import { concluded } from '../outcome.ts';
import { asked } from './client.ts';
import { atEachNode } from './each-node.ts';
import { type AdminOptions, withAdminOptions } from './options.ts';

/** `latchkey release cam-1` */
export function releaseCommand(): Command {
  return withAdminOptions(new Command('release').description('End the quarantine of a camera.'))
    .argument('<device>', 'the camera')
    .option('--dry-run', 'say whether it is in quarantine, and change nothing', false)
    .action((device: string, options: AdminOptions & { dryRun: boolean }) =>
      concluded(async () => {
        const parameters = { device: deviceId(device) };
        await atEachNode(options, async (node) => {
          const printed = await asked(node, 'release', { parameters, query: { dryRun: String(options.dryRun) } });
          const isDone = options.dryRun ? `${device} is in quarantine; nothing was changed` : `${device} is released`;
          return { printed, words: printed.released ? isDone : `${device} was not in quarantine` };
        });
      }, options.json),
    );
}
