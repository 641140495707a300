import { Command } from 'commander';
import { asked } from './client.ts';
import { atEachNode } from './each-node.ts';
import { type AdminOptions, withAdminOptions } from './options.ts';

/** `latchkey reload` */
export function reloadCommand(): Command {
  return withAdminOptions(
    new Command('reload').description(
      'Let a relay take keys, certificates, limits and switches from its settings anew.',
    ),
  ).action((options: AdminOptions) =>
    atEachNode(options, async (node) => {
      const printed = await asked(node, 'reload');
      const { changed, needRestart } = printed;
      const taken = changed.length === 0 ? 'no setting has changed' : `taken: ${changed.join(', ')}`;
      const rest = needRestart.length === 0 ? '' : `\nat the next start alone: ${needRestart.join(', ')}`;
      const files = 'keys, certificates and lists were read again';
      return { printed, words: `${taken}; ${files}${rest}` };
    }),
  );
}
