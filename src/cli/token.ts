import { Argument, Command, Option } from 'commander';
import { deviceId, LatchkeyError, subjectId } from '../base/index.ts';
import { loadSettings } from '../config/index.ts';
import { developmentIssuerOf } from '../wiring/index.ts';
import { durationSeconds } from './durations.ts';
import { configOption, jsonOption } from './options.ts';
import { concluded } from './outcome.ts';

interface TokenCommandOptions {
  lifetime: number;
  watches?: string[];
  config?: string;
  json: boolean;
}

/** `latchkey token viewer alice` */
export function tokenCommand(): Command {
  return new Command('token')
    .description('Make a development token, signed with the key in the data directory. Not in production.')
    .addArgument(new Argument('<kind>', 'whose token').choices(['viewer', 'camera']))
    .argument('<subject>', 'the person, or the camera’s device id')
    .addOption(new Option('-l, --lifetime <time>', 'such as 15m or 8h').argParser(durationSeconds).default(3_600, '1h'))
    .addOption(
      new Option(
        '-w, --watches <device...>',
        'cameras that the token itself names as its viewer’s, for "ownership": {"source": "claims"}',
      ),
    )
    .addOption(configOption().default('config/demo.json'))
    .addOption(jsonOption())
    .action((kind: 'viewer' | 'camera', subject: string, options: TokenCommandOptions) =>
      concluded(async () => {
        if (kind === 'camera' && options.watches !== undefined) {
          throw new LatchkeyError('params-invalid', '--watches is for a viewer’s token');
        }
        const devices = options.watches?.map(deviceId);
        const named = kind === 'viewer' ? subjectId(subject) : deviceId(subject);
        const settings = loadSettings(options.config, process.env);
        const secondsMax = settings.identity.tokenLifetimeSecondsMax;
        if (options.lifetime > secondsMax) {
          throw new LatchkeyError('params-invalid', `--lifetime: the relay takes ${secondsMax} s at most`);
        }
        const issuer = await developmentIssuerOf(settings);
        const token = await issuer.token(kind, named, options.lifetime, devices);
        const expiresAt = new Date(Date.now() + options.lifetime * 1000).toISOString();
        process.stdout.write(options.json ? `${JSON.stringify({ kind, subject, token, expiresAt })}\n` : `${token}\n`);
      }, options.json),
    );
}
