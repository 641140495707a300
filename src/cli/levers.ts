import { Command } from 'commander';
import { loadSettings } from '../config/index.ts';
import { acceptLostLevers } from '../levers/index.ts';
import { leversFile, lockDataDirectory, onRecord } from '../wiring/index.ts';
import { demandConfirmed } from './confirmed.ts';
import { configOption, jsonOption, yesOption } from './options.ts';
import { concluded } from './outcome.ts';

interface AcceptOptions {
  config?: string;
  json: boolean;
  yes: boolean;
}

/** `latchkey levers accept-loss` */
export function leversCommand(): Command {
  return new Command('levers')
    .description('Look after the file in which a relay keeps what was revoked, quarantined and switched.')
    .addCommand(acceptCommand());
}

function acceptCommand(): Command {
  return new Command('accept-loss')
    .description('Let a relay begin again whose levers are lost, as if nothing had ever been revoked. It is on record.')
    .addOption(yesOption('yes, whoever was locked out is let in again'))
    .addOption(configOption())
    .addOption(jsonOption())
    .action(({ config, yes, json }: AcceptOptions) =>
      concluded(async () => {
        const settings = loadSettings(config, process.env);
        const file = leversFile(settings);
        const lock = lockDataDirectory(settings.dataDirectory);
        try {
          await acceptLostLevers(file, async (accept) => {
            await demandConfirmed(
              `without ${file}, whoever was signed out, quarantined or switched off is let in again`,
              yes,
            );
            await onRecord(settings, { action: 'levers.accept-loss', shuts: false, begins: true }, async () =>
              accept(),
            );
          });
        } finally {
          lock.close();
        }
        const words = 'The relay may start, with no levers thrown. To be safe, say "latchkey revoke all" once it runs.';
        process.stdout.write(json ? `${JSON.stringify({ accepted: true })}\n` : `${words}\n`);
      }, json),
    );
}
