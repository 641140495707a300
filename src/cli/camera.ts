import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { JSONWebKeySet } from 'jose';
import { LatchkeyError, systemClock, systemRandom } from '../base/index.ts';
import type { CameraObserver, SubjectPolicy } from '../camera/index.ts';
import { integerFrom } from './durations.ts';
import { caOption, jsonOption, relayOption, type TokenOptions, textOf, tokenFrom, tokenOptions } from './options.ts';
import { concluded, heldOpen, inWords, stopSignal } from './outcome.ts';

interface CameraOptions extends TokenOptions {
  relay: string;
  ca?: string;
  device?: string;
  name?: string;
  viewersMax: number;
  sourceFile?: string;
  subject?: string[];
  learnOwner?: string;
  grantKeys?: string;
  json: boolean;
}

/** `latchkey camera rtsp://…` */
export function cameraCommand(): Command {
  const command = new Command('camera')
    .description('Stand in front of a camera: register it, and send its pictures to whoever may see it.')
    .argument('[source]', 'rtsp://…, a video file, a clip without its ending (.h264, .ivf, .opus), or "pattern"')
    .option(
      '--source-file <file>',
      'a file that holds the source: a command line would show the password of an RTSP URL',
    )
    .addOption(relayOption())
    .addOption(caOption())
    .option(
      '--device <id>',
      'the camera’s name at the relay, exactly; left out: the subject of its token, alone or after a namespace that ends in : @ or |',
    )
    .option('--name <name>', 'what people call the camera')
    .addOption(new Option('--viewers-max <count>', 'viewers at once').argParser(integerFrom(1, 16)).default(4))
    .addOption(new Option('--subject <subject...>', 'show the camera to these people alone, whatever the relay says'))
    .addOption(
      new Option(
        '--learn-owner <file>',
        'show the camera to those in this file alone; the first owner who comes is put on it',
      ).conflicts('subject'),
    )
    .option('--grant-keys <file>', 'JSON Web Key Set with the relay’s grant keys, instead of those it names itself');
  for (const option of [...tokenOptions('camera'), jsonOption()]) command.addOption(option);
  command.addHelpText('after', learntHelp);
  return command.action((source: string | undefined, options: CameraOptions) =>
    concluded(async () => {
      const { parseSource, startCamera } = await import('../camera/index.ts');
      const stopping = stopSignal();
      const camera = startCamera(
        {
          relay: options.relay,
          caFile: options.ca,
          token: await tokenFrom(options, 'camera'),
          device: options.device,
          name: options.name,
          source: parseSource(sourceText(source, options)),
          viewersMax: options.viewersMax,
          grantKeys: options.grantKeys === undefined ? undefined : keySet(options.grantKeys),
          subjects: policy(options),
        },
        { clock: systemClock, random: systemRandom },
        narrator(options.json),
      );
      await heldOpen(() => stopping);
      await camera.close();
    }, options.json),
  );
}

const learntHelp = `
The file of --learn-owner is JSON, {"subjects": ["alice", "ben"]}: the subjects of the tokens of those who may watch, whatever
the relay says. The camera makes it for the first owner who watches. From then on nobody comes onto it but by hand; a
change counts from the next viewer on. Delete the file and start again to let the camera learn anew.`;

function sourceText(source: string | undefined, { sourceFile }: CameraOptions): string {
  if (source !== undefined && sourceFile === undefined) return source;
  if (source === undefined && sourceFile !== undefined) return textOf(sourceFile);
  throw new LatchkeyError('params-invalid', 'name one source, or use --source-file');
}

function policy({ subject, learnOwner }: CameraOptions): SubjectPolicy {
  if (subject !== undefined) return { mode: 'list', subjects: subject };
  return learnOwner === undefined ? { mode: 'any' } : { mode: 'learn', file: learnOwner };
}

function keySet(file: string): JSONWebKeySet {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `${file} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** One line for each thing that happens, in words or as JSON. */
function narrator(json: boolean): CameraObserver {
  const say = (event: string, fields: Record<string, string | number>, words: string) =>
    process.stdout.write(`${json ? JSON.stringify({ event, ...fields }) : words}\n`);
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return {
    registered: (device) => say('registered', { device }, `registered as ${device}, waiting for viewers`),
    disconnected(code, retryMs, detail) {
      const why = detail === undefined ? inWords(code) : `${inWords(code)} ${detail}`;
      const fields = { code, retryMs, ...(detail === undefined ? {} : { detail }) };
      say('disconnected', fields, `not connected (${why}), next try in ${seconds(retryMs)}`);
    },
    tokenRefused: (code) => say('token-refused', { code }, `the relay refused the token (${inWords(code)})`),
    registrationRefused: (reason) =>
      say('registration-refused', { reason }, `refused the relay: it calls this camera by another name (${reason})`),
    grantRefused: (reason) => say('grant-refused', { reason }, `refused a viewer: ${reason}`),
    viewerRefused: (code) => say('viewer-refused', { code }, `refused a viewer: ${code}`),
    viewerConnected: (session) => say('viewer-connected', { session }, 'a viewer watches'),
    viewerLeft: (session, reason) => say('viewer-left', { session, reason }, `a viewer is gone (${reason})`),
    sourceFailed: (reason, retryMs) =>
      say('source-failed', { reason, retryMs }, `the source failed (${reason}), next try in ${seconds(retryMs)}`),
  };
}
