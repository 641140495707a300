import { readFileSync } from 'node:fs';
import { Command, Help } from 'commander';
import {
  drainCommand,
  releaseCommand,
  reloadCommand,
  revokeCommand,
  statusCommand,
  switchCommand,
} from './admin/index.ts';
import { auditCommand } from './audit/index.ts';
import { cameraCommand } from './camera.ts';
import { doctorCommand } from './doctor.ts';
import { leversCommand } from './levers.ts';
import { exitCodes, exitCodesHelp } from './outcome.ts';
import { ownCommand } from './own.ts';
import { serveCommand } from './serve.ts';
import { stormCommand } from './storm.ts';
import { tokenCommand } from './token.ts';
import { viewCommand } from './view.ts';

/** The one command, with its subcommands. */
export function latchkey(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('latchkey')
    .description('A WebRTC live-view relay for home cameras that shows a camera to nobody but its own people.')
    .version(version)
    .addHelpText('after', exitCodesHelp);
  const serving = [serveCommand(), doctorCommand(), cameraCommand(), viewCommand()];
  const steering = [
    statusCommand(),
    revokeCommand(),
    releaseCommand(),
    switchCommand(),
    drainCommand(),
    reloadCommand(),
    leversCommand(),
  ];
  const commands = [...serving, tokenCommand(), ownCommand(), auditCommand(), ...steering, stormCommand()];
  for (const command of commands) {
    program.addCommand(command.addHelpText('after', exitCodesHelp));
  }
  return endsWithUsageCode(program);
}

const help = new Help();

/** Wrong usage exits with its own code, in every subcommand. That an option is off unless it is named goes without saying. */
function endsWithUsageCode(command: Command): Command {
  command.configureHelp({
    optionDescription: (option) => help.optionDescription(option).replace(/ \(default: false\)|default: false, /, ''),
  });
  command.showHelpAfterError('(add --help for the options)');
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage));
  for (const subcommand of command.commands) endsWithUsageCode(subcommand as Command);
  return command;
}
