import { endReasons, errorTable } from '../../src/base/index.ts';
import { settingLines } from '../../src/config/index.ts';
import { fileAt } from './source-files.ts';

/** The tables of README.md that are written from the code, by the name in their markers: `<!-- errors -->` to `<!-- /errors -->`. */
export const readmeTables: Readonly<Record<string, () => string>> = {
  errors: () =>
    table(
      ['Code', 'JSON-RPC', 'HTTP', 'WebSocket close', 'What it says'],
      Object.entries(errorTable).map(([code, entry]) => [
        `\`${code}\``,
        String(entry.rpc),
        String(entry.http),
        'close' in entry ? String(entry.close) : '',
        entry.text,
      ]),
    ),
  'end-reasons': () =>
    table(
      ['Reason', 'What the viewer reads'],
      Object.entries(endReasons).map(([reason, text]) => [`\`${reason}\``, text]),
    ),
  settings: () => {
    const defaults: unknown = JSON.parse(fileAt('config/default.json').text);
    return table(
      ['Setting', 'Default', 'Environment', 'Meaning'],
      settingLines().map(({ path, variable, meaning }) => [
        `\`${path.join('.')}\``,
        `\`${JSON.stringify(valueAt(defaults, path))}\``,
        `\`${variable}\``,
        meaning,
      ]),
    );
  },
};

/** The text with every marked table written anew. Throws a TypeError for a marker that is unknown or not closed. */
export function withTables(markdown: string): string {
  return markdown.replace(
    /<!-- ([\w-]+) -->\n(?:[\s\S]*?)(<!-- \/([\w-]+) -->|$(?![\s\S]))/g,
    (_, name, end, closed) => {
      const make = Object.hasOwn(readmeTables, name) ? readmeTables[name] : undefined;
      if (make === undefined) throw new TypeError(`no table is called ${name}`);
      if (name !== closed) throw new TypeError(`the table ${name} is not closed`);
      return `<!-- ${name} -->\n${make()}\n${end}`;
    },
  );
}

/** The names of the tables that a text has markers for. */
export function tablesIn(markdown: string): string[] {
  return [...markdown.matchAll(/^<!-- ([\w-]+) -->$/gm)].map(([, name = '']) => name);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((branch, key) => (branch as Record<string, unknown> | undefined)?.[key], tree);
}
