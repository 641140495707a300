import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Clock, LatchkeyError, limits, systemClock, systemRandom } from '../base/index.ts';
import type { StormObserver, StormPlan, StormReport, StormTokens } from '../storm/index.ts';
import { durationSeconds, integerFrom } from './durations.ts';
import { caOption, configOption } from './options.ts';
import { concluded, exitCodes, heldOpen } from './outcome.ts';
import { progressTo } from './storm/progress.ts';

interface StormOptions {
  cameras: number;
  viewers: number;
  asksPerSecond: number;
  rate: number;
  hold: number;
  steady: number;
  secondsMax: number;
  tokens?: string;
  config?: string;
  data?: string;
  metrics?: string;
  ca?: string;
  waitForOutage: boolean;
  tickets: boolean;
  ignoreRetryAfter: boolean;
  targetIsMine: boolean;
  json?: string;
}

/** `latchkey storm http://127.0.0.1:8080 --cameras 1000 --config config/demo.json` */
export function stormCommand(): Command {
  const count = (name: string, what: string, max: number, value: number) =>
    new Option(name, what).argParser(integerFrom(1, max)).default(value);
  const time = (name: string, what: string, seconds: number) =>
    new Option(name, what).argParser(boundedSeconds).default(seconds, `${seconds}s`);
  return new Command('storm')
    .description('Let a whole fleet of simulated cameras come back to a relay of yours at once, and see what it does.')
    .argument('<relay>', 'the relay, such as http://127.0.0.1:8080; there is no default')
    .addOption(count('-n, --cameras <count>', 'cameras of the fleet', limits.stormCamerasMax, 1_000))
    .addOption(count('--viewers <count>', 'people who watch them', limits.stormViewersMax, 50))
    .addOption(count('--asks-per-second <count>', 'live views that are asked for', limits.stormAsksPerSecondMax, 50))
    .addOption(count('--rate <count>', 'connections per second, at most', limits.stormConnectsPerSecondMax, 20_000))
    .addOption(time('--hold <time>', 'how long the fleet stands still before the storm', 5))
    .addOption(
      new Option(
        '--steady <count>',
        'cameras that are not cut off, so that viewers can be answered from the first moment',
      )
        .argParser(integerFrom(0, limits.stormCamerasMax))
        .default(0),
    )
    .addOption(time('--seconds-max <time>', 'the longest that all of it may take', 300))
    .addOption(
      new Option('--tokens <file>', 'tokens to use, a JSON object to a line; see below').conflicts(['config', 'data']),
    )
    .addOption(configOption())
    .option('--data <directory>', 'the data directory of a development relay on this machine; see below')
    .option('--metrics <url>', 'the relay’s /metrics, to tell what an idle camera takes of its memory')
    .addOption(caOption())
    .option('--wait-for-outage', 'cut nobody off: restart the relay yourself while the fleet is connected', false)
    .option('--no-tickets', 'let the cameras come back with their tokens alone')
    .option('--ignore-retry-after', 'let the cameras come back when they like, whatever the relay says', false)
    .option('--target-is-mine', 'a relay beyond this machine: you say that it is yours to storm', false)
    .option('--json <file>', 'write the report into this file too, as JSON')
    .addHelpText('after', stormHelp)
    .action((relay: string, options: StormOptions) => concluded(() => storm(relay, options)));
}

const stormHelp = `
Each camera registers, is cut off with all the others, and comes back. Meanwhile viewers open live views. Every offer tells the camera
whose it is, and every answer tells the viewer whose it is, signed for this run: one that comes to anybody else is a crossing. There must be none;
one makes the exit code 1. Exit code 5: not all cameras came back within the time.

A relay under a storm serves nobody else, so a relay beyond this machine takes --target-is-mine. A fleet needs an open file for
each camera, here and at the relay: ulimit -n says how many there may be.

Tokens and owners of a development relay on this machine come by themselves: --config names its settings (or --data its data directory, with
the settings of config/demo.json). The cameras are storm-camera-0 and so on; who owns them is written into the relay's database, and taken
out at the end. For any other relay make tokens with its own issuer, and say in its own source of ownership who may see what; --tokens
names a file with
  {"device": "cam-1", "token": "eyJ…"}
  {"subject": "alice", "token": "eyJ…", "devices": ["cam-1"]}
and --cameras and --viewers take the first of it. Names are the relay's: with the issuer's namespace before them.`;

function boundedSeconds(text: string): number {
  const seconds = durationSeconds(text);
  if (seconds > limits.stormSecondsMax) {
    throw new InvalidArgumentError(`Give a time of ${limits.stormSecondsMax} s at most.`);
  }
  return seconds;
}

/** In fractions of a millisecond, because answers come within a few. */
const clock: Clock = { ...systemClock, now: () => performance.timeOrigin + performance.now() };

async function storm(relay: string, options: StormOptions): Promise<void> {
  const { demandDescriptors, relayMemoryBytes, reportText, runStorm, takeAim } = await import('../storm/index.ts');
  const { ca: caFile, targetIsMine, metrics } = options;
  const aim = await takeAim({ relay, caFile, targetIsMine });
  // From here on an interruption takes the owners out again.
  const stopping = new AbortController();
  const stop = () => (stopping.signal.aborted ? process.exit(exitCodes.interrupted) : stopping.abort());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  // Before tokens are made that nobody can use; a file may hold fewer.
  if (options.tokens === undefined) demandDescriptors(options.cameras, options.viewers);
  await using tokens = await tokensOf(options);
  const plan: StormPlan = {
    relay,
    aim,
    ...tokens,
    asksPerSecond: options.asksPerSecond,
    connectsPerSecondMax: options.rate,
    holdMs: options.hold * 1000,
    steady: options.steady,
    msMax: options.secondsMax * 1000,
    outage: options.waitForOutage ? 'wait' : 'cut',
    awayMs: 0,
    usesTickets: options.tickets,
    honoursRetryAfter: !options.ignoreRetryAfter,
  };
  const memory = metrics === undefined ? undefined : () => relayMemoryBytes(metrics, clock);
  const progress = progressTo(process.stderr);
  const powers = { clock, random: systemRandom, memory };
  const observer: StormObserver = progress;
  const report = await heldOpen(() => runStorm(plan, powers, observer, stopping.signal)).finally(() => progress.end());
  process.stdout.write(reportText(report));
  if (options.json !== undefined) writeReport(options.json, report);
  process.exitCode = exitCodeFor(report);
}

async function tokensOf(options: StormOptions): Promise<StormTokens & AsyncDisposable> {
  const { tokens, config, data, cameras, viewers } = options;
  if (tokens !== undefined) {
    const { firstOf, readTokens } = await import('../storm/index.ts');
    const nothing = { [Symbol.asyncDispose]: async () => {} };
    return { ...firstOf(readTokens(tokensText(tokens)), cameras, viewers), ...nothing };
  }
  if (config === undefined && data === undefined) {
    throw new LatchkeyError('params-invalid', 'say where the tokens come from: --config, --data or --tokens');
  }
  const { developmentTokens } = await import('./storm/development-tokens.ts');
  return developmentTokens({ config, data, cameras, viewers });
}

/** Throws `settings-invalid` where it cannot be read or is too long. */
function tokensText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > limits.stormTokensBytesMax) throw new Error(`it has more than ${limits.stormTokensBytesMax} bytes`);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LatchkeyError('settings-invalid', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function writeReport(file: string, report: StormReport): void {
  try {
    writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (cause) {
    throw new LatchkeyError('settings-invalid', `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

function exitCodeFor({ crossings, outcome, storm: back }: StormReport): number {
  if (crossings > 0) return exitCodes.failed;
  if (outcome === 'interrupted') return exitCodes.interrupted;
  return outcome === 'complete' && back?.missing === 0 ? exitCodes.done : exitCodes.unavailable;
}
