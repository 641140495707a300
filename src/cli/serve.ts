import { Command } from 'commander';
import { loadSettings } from '../config/index.ts';
import { configOption } from './options.ts';
import { concluded, stopSignal } from './outcome.ts';

/** `latchkey serve` */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Run a relay until SIGINT or SIGTERM.')
    .addOption(configOption())
    .option('--check', 'read the settings, say whether they are usable, and exit', false)
    .addHelpText('after', '\nEvery setting has an environment variable too: http.port is LATCHKEY_HTTP_PORT.')
    .action((options: { config?: string; check: boolean }) =>
      concluded(async () => {
        const settings = loadSettings(options.config, process.env);
        if (options.check) return void process.stdout.write('The settings are usable.\n');
        const stopping = stopSignal();
        if (settings.demo) {
          const { startDemo } = await import('./demo/index.ts');
          await using demo = await startDemo(settings);
          process.stdout.write(demo.welcome);
          process.stdout.write(`\nStopping on ${await stopping} …\n`);
        } else {
          const { startServer } = await import('../server.ts');
          const server = await startServer(settings);
          process.stdout.write(
            `Latchkey serves ${server.url}, media on UDP port ${server.mediaPort} (${server.transport}).\n`,
          );
          await stopping;
          await server.close();
        }
      }),
    );
}
