import { flushCompileCache } from 'node:module';
import { Command } from 'commander';
import { systemClock } from '../base/index.ts';
import { loadSettings } from '../config/index.ts';
import type { LatchkeyServer } from '../server.ts';
import { ownTokenFile } from '../wiring/index.ts';
import { configOption } from './options.ts';
import { concluded, stopSignal } from './outcome.ts';
import { serviceManagerOf } from './service-manager.ts';
import { holdingHangups, served } from './serving.ts';
import { trial } from './trial.ts';

/** `latchkey serve` */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Run a relay until SIGTERM, which moves everybody elsewhere first; SIGHUP reads the settings again.')
    .addOption(configOption())
    .option('--check', 'say whether the settings are usable, and the files they name readable, and exit', false)
    .addHelpText('after', '\nEvery setting has an environment variable too: http.port is LATCHKEY_HTTP_PORT.')
    .action((options: { config?: string; check: boolean }) =>
      concluded(async () => {
        const readSettings = () => loadSettings(options.config, process.env);
        const settings = readSettings();
        if (options.check) {
          await trial(settings);
          process.stdout.write('The settings are usable.\n');
          return;
        }
        if (settings.demo) {
          const stopping = stopSignal();
          const { startDemo } = await import('./demo/index.ts');
          await using demo = await startDemo(settings, readSettings, options.config);
          process.stdout.write(demo.welcome);
          const why = await Promise.race([stopping, demo.server.drained.then(() => 'the end of the drain')]);
          process.stdout.write(`\nStopping on ${why} …\n`);
        } else {
          const signals = holdingHangups(process);
          const { startServer } = await import('../server.ts');
          const server = await startServer(settings, { readSettings });
          // A relay that is killed leaves nothing compiled for the next one, if not now.
          flushCompileCache();
          const powers = {
            clock: systemClock,
            monotonicUs: () => process.hrtime.bigint() / 1000n,
            processId: process.pid,
          };
          const manager = await serviceManagerOf(process.env, powers);
          // Whoever reads that it serves may stop it at once.
          const ended = served(server, manager, signals);
          process.stdout.write(
            `Latchkey serves ${server.url}, media on ${mediaPorts(server, settings.relay.workers)} (${server.transport}).\n` +
              `Its status page is ${server.adminUrl}/; sign in with a token of ${settings.admin.tokenFile ?? ownTokenFile(settings.dataDirectory)}.\n`,
          );
          await ended;
          await server.close();
          manager.close();
        }
      }),
    );
}

/** `UDP port 3478 and TCP port 3478`, or `UDP ports 3478 to 3481`. */
function mediaPorts({ mediaPort, mediaTcpPort }: LatchkeyServer, workers: number): string {
  const udp = workers === 1 ? `UDP port ${mediaPort}` : `UDP ports ${mediaPort} to ${mediaPort + workers - 1}`;
  return mediaTcpPort === undefined ? udp : `${udp} and TCP port ${mediaTcpPort}`;
}
