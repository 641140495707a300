import { endReasons, errorTable } from '../../src/base/index.ts';
import { settingLines } from '../../src/config/index.ts';
import { Metrics } from '../../src/telemetry/index.ts';
import { fileAt, type SourceFile, typeScriptBelow } from './source-files.ts';

/**
 * The tables in documents that are written from the code, by the name in their markers: `<!-- errors -->` to
 * `<!-- /errors -->`. Each is checked by test/tidy.test.ts and written anew by `npm run docs`.
 */
export const documents: Readonly<Record<string, Readonly<Record<string, () => string | Promise<string>>>>> = {
  'README.md': { settings: settingsTable, metrics: metricsTable, errors: errorsTable, 'end-reasons': endReasonsTable },
  'SECURITY.md': { attacks: () => attacksTable(typeScriptBelow('test/attacks')) },
};

/** The text with every marked table written anew. Rejects with a TypeError for a marker that is unknown or not closed. */
export async function withTables(
  markdown: string,
  tables: Readonly<Record<string, () => string | Promise<string>>>,
): Promise<string> {
  let text = markdown;
  for (const name of tablesIn(markdown)) {
    const make = Object.hasOwn(tables, name) ? tables[name] : undefined;
    if (make === undefined) throw new TypeError(`no table is called ${name}`);
    const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)];
    if (to < from) throw new TypeError(`the table ${name} is not closed`);
    text = `${text.slice(0, from)}${await make()}\n${text.slice(to)}`;
  }
  return text;
}

/** The names of the tables that a text has markers for. */
export function tablesIn(markdown: string): string[] {
  return [...markdown.matchAll(/^<!-- ([\w-]+) -->$/gm)].map(([, name = '']) => name);
}

/** One line for each attack: its name is the file's, and who can mount it is the file's first comment. */
export function attacksTable(files: readonly SourceFile[]): string {
  return table(
    ['Attack', 'Who can mount it, and what holds', 'Test'],
    files
      .filter((file) => file.path.endsWith('.test.ts'))
      .map((file) => {
        const name = file.path.slice(file.path.lastIndexOf('/') + 1, -'.test.ts'.length);
        return [name.replaceAll('-', ' '), firstComment(file), `[${name}](${file.path})`];
      }),
  );
}

function errorsTable(): string {
  const rows = Object.entries(errorTable).map(([code, entry]) => {
    const close = 'close' in entry ? String(entry.close) : '';
    return [`\`${code}\``, String(entry.rpc), String(entry.http), close, entry.text];
  });
  return table(['Code', 'JSON-RPC', 'HTTP', 'WebSocket close', 'What it says'], rows);
}

function endReasonsTable(): string {
  const rows = Object.entries(endReasons).map(([reason, text]) => [`\`${reason}\``, text]);
  return table(['Reason', 'What the viewer reads'], rows);
}

function settingsTable(): string {
  const defaults: unknown = JSON.parse(fileAt('config/default.json').text);
  const rows = settingLines().map(({ path, variable, meaning }) => {
    const value = path.reduce<unknown>((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], defaults);
    return [`\`${path.join('.')}\``, `\`${JSON.stringify(value)}\``, `\`${variable}\``, meaning];
  });
  return table(['Setting', 'Default', 'Environment', 'Meaning'], rows);
}

async function metricsTable(): Promise<string> {
  const metrics = new Metrics('');
  const traffic = { packets: 0, bytes: 0 };
  const both = { viewer: traffic, camera: traffic };
  const relay = { received: both, forwarded: both, latches: { viewer: 0, camera: 0 } };
  const port = { sendErrors: {}, receiveErrors: 0, kernelDrops: 0, receiveCalls: 0, sendCalls: 0 };
  const frames = { framesIn: 0, framesOut: 0, mediaDropped: 0, unsent: 0 };
  const tcp = { open: 0, accepted: 0, refused: 0, closed: {}, ...frames };
  metrics.readFrom({
    sessions: () => 0,
    devices: () => 0,
    draining: () => 0,
    connections: () => 0,
    sharedCache: () => 0,
    wires: () => 0,
    admission: () => ({ inFlight: 0, waiting: {}, servedPerSecond: {}, rampSeconds: {} }),
    relay: () => ({ ...relay, ...port, tcp, moves: 0, drops: {}, workersFailed: 0 }),
  });
  const text = await metrics.text();
  const rows = [...text.matchAll(/^# HELP (latchkey_\w+) (.*)\n# TYPE \1 (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) => [`\`${name}\``, type, help],
  );
  return table(['Metric', 'Type', 'Meaning'], rows);
}

function firstComment(file: SourceFile): string {
  const [, block, lines] = /^\/\*\*?([\s\S]*?)\*\/|^((?:\/\/.*\n)+)/.exec(file.text) ?? [];
  const text = block?.replace(/^\s*\* ?/gm, ' ') ?? lines?.replace(/^\/\/ ?/gm, ' ');
  if (text === undefined) throw new TypeError(`${file.path} does not open with who can mount the attack`);
  const said = text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^Who can mount it: /, '');
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
