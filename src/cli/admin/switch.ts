import { Argument, Command, Option } from 'commander';
import { counted } from '../../admin/index.ts';
import { LatchkeyError } from '../../base/index.ts';
import { type Feature, features, type SwitchPosition } from '../../levers/index.ts';
import { textOf } from '../options.ts';
import { concluded } from '../outcome.ts';
import { asked } from './client.ts';
import { atEachNode, endingWords } from './each-node.ts';
import { type AdminOptions, withAdminOptions } from './options.ts';

interface SwitchOptions extends AdminOptions {
  readonly prefix: readonly string[];
  readonly list?: string;
  readonly dryRun: boolean;
}

/** `latchkey switch [feature] [on|off]` */
export function switchCommand(): Command {
  return withAdminOptions(
    new Command('switch').description('Switch a feature on or off, or show how the switches stand.'),
  )
    .addArgument(new Argument('[feature]', 'which one; all are shown when left out').choices([...features]))
    .addArgument(new Argument('[position]', 'its new position').choices(['on', 'off']))
    .addOption(
      new Option('--prefix <prefix>', 'off for the cameras whose names begin so, alone; may be given several times')
        .argParser((prefix: string, before: string[] | undefined) => [...(before ?? []), prefix])
        .default([], 'none'),
    )
    .option('--list <file>', 'off for the cameras of this file alone, one name on each line')
    .option('--dry-run', 'say what would end, and change nothing', false)
    .action((feature: Feature | undefined, position: 'on' | 'off' | undefined, options: SwitchOptions) =>
      concluded(async () => {
        if (feature === undefined || position === undefined) {
          if (options.prefix.length > 0 || options.list !== undefined) {
            throw new LatchkeyError('params-invalid', '--prefix and --list go with a feature and off');
          }
          return await show(feature, options);
        }
        await turn(feature, bodyOf(position, options), options);
      }, options.json),
    );
}

type Body =
  | { position: 'on' | 'off' }
  | { position: 'off-for'; prefixes: readonly string[]; devices: readonly string[] };

/** A list without a camera is a mistake, and not a switch that is off for everyone. */
function bodyOf(position: 'on' | 'off', { prefix, list }: SwitchOptions): Body {
  if (prefix.length === 0 && list === undefined) return { position };
  if (position === 'on') {
    throw new LatchkeyError(
      'params-invalid',
      'a feature is off for some cameras, or on for all: leave --prefix and --list out',
    );
  }
  const devices =
    list === undefined
      ? []
      : textOf(list)
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '' && !line.startsWith('#'));
  if (list !== undefined && devices.length === 0) throw new LatchkeyError('params-invalid', `${list} names no camera`);
  return { position: 'off-for', prefixes: prefix, devices };
}

function turn(feature: Feature, body: Body, options: SwitchOptions): Promise<void> {
  return atEachNode(options, async (node) => {
    const query = { dryRun: String(options.dryRun) };
    const printed = await asked(node, 'throwSwitch', { parameters: { feature }, query, body });
    const words = printed.dryRun
      ? `${feature} ${inWords(body)} would end ${endingWords(printed)}; nothing was changed`
      : `${feature} is ${inWords(body)}: ended ${endingWords(printed)}`;
    return { printed, words };
  });
}

function show(feature: Feature | undefined, options: SwitchOptions): Promise<void> {
  return atEachNode(options, async (node) => {
    const { switches, settings } = await asked(node, 'listSwitches');
    const isShown = ([name]: [string, unknown]) => feature === undefined || name === feature;
    const shown = Object.entries(switches).filter(isShown);
    const width = Math.max(0, ...shown.map(([name]) => name.length));
    const lines = shown.map(
      ([name, position]) => `${name.padEnd(width)}  ${inWords(position)}${bySettings(settings[name as Feature])}`,
    );
    const printed = {
      switches: Object.fromEntries(shown),
      settings: Object.fromEntries(Object.entries(settings).filter(isShown)),
    };
    return { printed, words: lines.join('\n') };
  });
}

/** What an operator throws takes away, and gives back nothing that the settings take. */
function bySettings(position: SwitchPosition['position']): string {
  if (position === 'on') return '';
  return position === 'off' ? '; the settings say off' : '; the settings say off for some cameras';
}

function inWords(position: {
  position: string;
  prefixes?: readonly string[] | undefined;
  devices?: readonly string[] | undefined;
}): string {
  if (position.position !== 'off-for') return position.position;
  const { prefixes = [], devices = [] } = position;
  const parts = [
    ...(prefixes.length > 0 ? [`cameras that begin with ${prefixes.join(', ')}`] : []),
    ...(devices.length > 0 ? [counted(devices.length, 'named camera')] : []),
  ];
  return `off for ${parts.join(' and ')}`;
}
