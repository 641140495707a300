import { Command, Option } from 'commander';
import { limits } from '../base/index.ts';
import { givenText, loadSettings, type Settings } from '../config/index.ts';
import { examined } from './doctor/checks.ts';
import { problem, whyOf } from './doctor/finding.ts';
import { type Patient, thisMachine } from './doctor/patient.ts';
import { probe } from './doctor/probe.ts';
import { type Found, isHealthy, jsonOf, linesOf, summaryOf } from './doctor/report.ts';
import { integerFrom } from './durations.ts';
import { caOption, configOption, jsonOption } from './options.ts';
import { concluded, exitCodes, heldOpen } from './outcome.ts';
import { placeOf } from './place.ts';

interface DoctorOptions {
  config?: string;
  json: boolean;
  probe?: { host: string; port: number };
  mediaPort: number;
  mediaTcpPort?: number;
  ca?: string;
}

/** `latchkey doctor` */
export function doctorCommand(): Command {
  const port = integerFrom(1, 65_535);
  return new Command('doctor')
    .description('Look at everything that a relay of these settings needs on this machine, and say what to do.')
    .addOption(configOption())
    .addOption(jsonOption())
    .addOption(
      new Option('--probe <host[:port]>', 'look at a running relay from another machine instead').argParser(
        placeOf(8080),
      ),
    )
    .addOption(new Option('--media-port <port>', 'with --probe: its UDP port').argParser(port).default(3478))
    .addOption(
      new Option('--media-tcp-port <port>', 'with --probe: its TCP port for media; left out: the same').argParser(port),
    )
    .addOption(caOption())
    .addHelpText('after', help)
    .action((options: DoctorOptions) => concluded(() => heldOpen(() => look(options)), options.json));
}

const help = `
Nothing is changed: a relay is started for a moment on ports that nobody knows and in a folder that is thrown away, and one
entry of its own that ends after seconds is written to a shared cache. Run it as the user that the relay runs as.
It ends with 0 where there is no problem, and with 1 where there is one; warnings are for you to judge.`;

async function look(options: DoctorOptions): Promise<void> {
  const coloured = process.stdout.isTTY && !options.json && process.env.NO_COLOR === undefined;
  const all: Found[] = [];
  for await (const found of options.probe === undefined ? ofThisMachine(options) : ofAnother(options, options.probe)) {
    all.push(found);
    if (!options.json) process.stdout.write(linesOf(found, coloured));
  }
  process.stdout.write(options.json ? jsonOf(all) : `\n${summaryOf(all)}`);
  process.exitCode = isHealthy(all) ? exitCodes.done : exitCodes.failed;
}

async function* ofThisMachine({ config }: DoctorOptions): AsyncGenerator<Found> {
  let settings: Settings;
  try {
    settings = loadSettings(config, process.env);
  } catch (thrown) {
    yield [
      'settings',
      problem(whyOf(thrown), 'correct that; the table of settings in the README has each with its bounds'),
    ];
    return;
  }
  const patient: Patient = {
    settings,
    environment: process.env,
    machine: thisMachine,
    otherClocks: [],
    relayProcess: undefined,
  };
  yield* examined(patient);
}

function ofAnother(options: DoctorOptions, { host, port }: { host: string; port: number }): AsyncGenerator<Found> {
  const { mediaPort, mediaTcpPort = mediaPort } = options;
  const ca = options.ca === undefined ? undefined : givenText(options.ca, limits.certificatesBytesMax);
  return probe({ host, port, mediaPort, mediaTcpPort, ca }, thisMachine);
}
