import { Command } from 'commander';
import { concluded, stopSignal } from '../outcome.ts';
import { asked } from './client.ts';
import { atEachNode } from './each-node.ts';
import { type AdminOptions, nodesOf, withAdminOptions } from './options.ts';
import { statusTable } from './status-table.ts';

interface StatusOptions extends AdminOptions {
  readonly watch: boolean;
  readonly open: boolean;
}

const watchMs = 1_000;

/** `latchkey status --watch` */
export function statusCommand(): Command {
  return withAdminOptions(new Command('status').description('Show how a relay is, as a table.'))
    .option('-w, --watch', 'again each second, until Ctrl-C', false)
    .option('--open', 'print where the status page is, and how to sign in', false)
    .action((options: StatusOptions) => (options.open ? howToOpen(options) : statusOf(options)));
}

function howToOpen(options: StatusOptions): Promise<void> {
  return concluded(async () => {
    const nodes = nodesOf(options);
    for (const { url } of nodes) process.stdout.write(`Open ${url}/\n`);
    const [file] = nodes.map(({ credentialFile }) => credentialFile);
    process.stdout.write(`Sign in with what is in ${file}. It goes into the form, never into the address.\n`);
  }, options.json);
}

async function statusOf(options: StatusOptions): Promise<void> {
  const once = () =>
    atEachNode(options, async (node) => {
      const printed = await asked(node, 'readStatus');
      return { printed, words: statusTable(printed) };
    });
  if (!options.watch) return once();
  let isStopped = false;
  let wake = () => {};
  const stopping = stopSignal().then(() => {
    isStopped = true;
    wake();
  });
  const isScreen = process.stdout.isTTY && !options.json;
  while (!isStopped) {
    process.exitCode = undefined;
    if (isScreen) process.stdout.write('\u001b[H\u001b[2J');
    await once();
    await Promise.race([
      stopping,
      new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, watchMs);
      }),
    ]);
  }
}
