import { Argument, Command, Option } from 'commander';
import { counted } from '../../admin/index.ts';
import { LatchkeyError } from '../../base/index.ts';
import { type Feature, features } from '../../levers/index.ts';
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
          .map((line) => (line.split('#')[0] ?? '').trim())
          .filter((line) => line !== '');
  if (list !== undefined && devices.length === 0) throw new LatchkeyError('params-invalid', `${list} names no camera`);
  return { position: 'off-for', prefixes: prefix, devices };
}

function turn(feature: Feature, body: Body, options: SwitchOptions): Promise<void> {
  return atEachNode(options, async (node) => {
    const query = { dryRun: String(options.dryRun) };
    const printed = await asked(node, 'throwSwitch', { parameters: { feature }, query, body });
    if (printed.dryRun) {
      return { printed, words: `${feature} ${inWords(body)} would end ${endingWords(printed)}; nothing was changed` };
    }
    if (body.position !== 'on') {
      return { printed, words: `${feature} is ${inWords(body)}: ended ${endingWords(printed)}` };
    }
    const { settings } = await asked(node, 'readSwitch', { parameters: { feature } });
    return { printed, words: `${feature} is ${standsWords(body, settings)}` };
  });
}

/** Where a switch stands, of what was thrown and the settings together. */
function standsWords(thrown: Position, settings: Position): string {
  if (settings.position === 'on') return inWords(thrown);
  const bySettings = `${inWords(settings)} by the settings`;
  return thrown.position === 'on' ? bySettings : `${inWords(thrown)}, and ${bySettings}`;
}

interface Position {
  readonly position: string;
  readonly prefixes?: readonly string[] | undefined;
  readonly devices?: readonly string[] | undefined;
}

function show(feature: Feature | undefined, options: SwitchOptions): Promise<void> {
  return atEachNode(options, async (node) => {
    const all = await asked(node, 'listSwitches');
    const shown = features.filter((name) => feature === undefined || name === feature);
    const width = Math.max(0, ...shown.map((name) => name.length));
    const lines = shown.map((name) => `${name.padEnd(width)}  ${standsWords(all.switches[name], all.settings[name])}`);
    const only = (positions: typeof all.switches) => Object.fromEntries(shown.map((name) => [name, positions[name]]));
    return { printed: { switches: only(all.switches), settings: only(all.settings) }, words: lines.join('\n') };
  });
}

function inWords(position: Position): string {
  if (position.position !== 'off-for') return position.position;
  const { prefixes = [], devices = [] } = position;
  const parts = [
    ...(prefixes.length > 0 ? [`cameras that begin with ${prefixes.join(', ')}`] : []),
    ...(devices.length > 0 ? [counted(devices.length, 'named camera')] : []),
  ];
  return `off for ${parts.join(' and ')}`;
}
