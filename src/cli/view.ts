import { Command, Option } from 'commander';
import { asErrorCode, LatchkeyError, systemClock, systemRandom } from '../base/index.ts';
import type { View } from '../viewer/index.ts';
import { durationSeconds } from './durations.ts';
import { caOption, jsonOption, relayOption, type TokenOptions, tokenFrom, tokenOptions } from './options.ts';
import { concluded, inWords, stopSignal } from './outcome.ts';

interface ViewOptions extends TokenOptions {
  relay: string;
  ca?: string;
  seconds?: number;
  save?: string;
  codec?: 'H264' | 'VP8';
  audio: boolean;
  onvif: boolean;
  list: boolean;
  json: boolean;
}

/** `latchkey view front-door` */
export function viewCommand(): Command {
  const command = new Command('view')
    .description('Watch a camera without a screen: time to first frame, resolution, frames/s, bitrate, loss.')
    .argument('[device]', 'the camera')
    .addOption(relayOption())
    .addOption(caOption())
    .addOption(new Option('--seconds <time>', 'stop that long after the first frame').argParser(durationSeconds))
    .option('--save <file>', 'save to a .mkv, .webm, .h264 or .ivf file')
    .addOption(new Option('--codec <codec>', 'take this video codec alone').choices(['H264', 'VP8']))
    .option('--no-audio', 'leave the sound out')
    .option('--onvif', 'let the camera make the offer, as in plain ONVIF', false)
    .option('--list', 'list the cameras that the token may see, and exit', false);
  for (const option of [...tokenOptions('viewer'), jsonOption()]) command.addOption(option);
  return command.action((device: string | undefined, options: ViewOptions) =>
    concluded(async () => {
      if (device === undefined && !options.list)
        throw new LatchkeyError('params-invalid', 'name a device, or use --list');
      const token = await tokenFrom(options, 'viewer');
      if (options.list) await list(options, token);
      else await watch(device ?? '', options, token);
    }, options.json),
  );
}

async function list(options: ViewOptions, token: () => Promise<string>): Promise<void> {
  const { listDevices } = await import('../viewer/index.ts');
  const devices = await listDevices({ relay: options.relay, token: await token(), caFile: options.ca }, systemClock);
  if (options.json) return void process.stdout.write(`${JSON.stringify({ devices })}\n`);
  const lines = devices.map(
    ({ id, state, role, name }) => `${id.padEnd(24)} ${state.padEnd(8)} ${role.padEnd(7)} ${name ?? ''}`,
  );
  process.stdout.write(lines.length === 0 ? 'no cameras\n' : `${lines.map((line) => line.trimEnd()).join('\n')}\n`);
}

async function watch(device: string, options: ViewOptions, token: () => Promise<string>): Promise<void> {
  const { startView } = await import('../viewer/index.ts');
  const view = startView(
    {
      relay: options.relay,
      caFile: options.ca,
      device,
      token,
      codecs: options.codec && [options.codec],
      audio: options.audio,
      saveTo: options.save,
      seconds: options.seconds,
      offer: !options.onvif,
    },
    { clock: systemClock, random: systemRandom },
  );
  // What could not be saved is told by the `close` below.
  const stopping = stopSignal().then(() => view.close().catch(() => {}));
  try {
    const first = await view.firstFrame;
    if (!options.json) {
      const parts = `signaling ${ms(first.signalingMs)}, ICE ${ms(first.iceMs)}, DTLS ${ms(first.dtlsMs)}, first packet ${ms(first.firstPacketMs)}, first frame ${ms(first.firstFrameMs)}`;
      process.stdout.write(`first frame after ${ms(first.totalMs)} (${parts})\n`);
    }
    await ticking(view, options.json);
  } finally {
    await view.close();
  }
  const reason = await view.ended;
  const { stats } = view;
  process.stdout.write(
    options.json ? `${JSON.stringify({ ended: reason, ...stats })}\n` : `ended: ${inWords(reason)}\n`,
  );
  const code = asErrorCode(reason);
  if (code !== undefined) throw new LatchkeyError(code);
  void stopping;
}

/** A line of figures each second, until the end. */
async function ticking(view: View, json: boolean): Promise<void> {
  if (json) return void (await view.ended);
  const timer = setInterval(() => process.stdout.write(`${figures(view)}\n`), 1_000);
  await view.ended;
  clearInterval(timer);
}

function figures({ stats }: View): string {
  const { codec, width, height, framesPerSecond, bitsPerSecond, videoPackets, lost } = stats;
  const loss = videoPackets + lost === 0 ? 0 : (100 * lost) / (videoPackets + lost);
  return `${codec} ${width}×${height}  ${framesPerSecond.toFixed(1)} frames/s  ${(bitsPerSecond / 1000).toFixed(0)} kbit/s  ${loss.toFixed(1)} % lost`;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
