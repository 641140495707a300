import { type Import, importsOf } from './imports.ts';
import { parse, type SourceFile, type SyntaxNode, walk } from './source-files.ts';

/** Which rooms each room may import. A room is a folder of `src`, or a file that lies in `src` itself. */
export type RoomTable = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads the table of rooms out of ARCHITECTURE.md. Throws a TypeError for a line that names a room without a line of its own. */
export function readRoomTable(markdown: string): RoomTable {
  const lines = [...markdown.matchAll(/^\| `([\w.-]+)` \|.*\| ?([^|]*?) ?\|$/gm)].map(
    ([, room = '', may = '']) => [room, may] as const,
  );
  const rooms = lines.map(([room]) => room);
  const table = new Map<string, Set<string>>();
  for (const [room, may] of lines) {
    const named = [...may.matchAll(/`([\w.-]+)`/g)].map(([, name = '']) => name);
    const stranger = named.find((name) => !rooms.includes(name));
    if (stranger !== undefined) throw new TypeError(`the line of ${room} names ${stranger}, which has no line`);
    table.set(room, new Set(may.startsWith('all') ? rooms.filter((name) => !named.includes(name)) : named));
  }
  return table;
}

/** Every way in which the files of `src` break the architecture, each as a sentence. Empty: none. */
export function violations(files: readonly SourceFile[], table: RoomTable, packages: ReadonlySet<string>): string[] {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]));
  return [
    ...roomsWithoutLine(files, table),
    ...forbiddenEdges(graph, table),
    ...strayMints(graph),
    ...strayThreads(graph),
    ...foreignPackages(graph, packages),
    ...impurities(files, graph),
    ...strayFromTheBrowser(graph),
    ...runTimeCycles(graph),
  ];
}

type Graph = ReadonlyMap<string, readonly Import[]>;

/** `src/pairing/sessions.ts` is in `pairing`, `src/server.ts` in `server.ts`. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function roomsWithoutLine(files: readonly SourceFile[], table: RoomTable): string[] {
  const rooms = new Set(files.map((file) => roomOf(file.path)));
  return [
    ...[...rooms].filter((room) => !table.has(room)).map((room) => `${room} is a room without a line in the table`),
    ...[...table.keys()].filter((room) => !rooms.has(room)).map((room) => `${room} has a line and is no room`),
  ];
}

function forbiddenEdges(graph: Graph, table: RoomTable): string[] {
  return edges(graph).flatMap(([from, { target }]) => {
    if (target === undefined) return [];
    if (!target.startsWith('src/')) return [`${from} reaches out of src, to ${target}`];
    if (!graph.has(target)) return [`${from} imports ${target}, which is no file of src`];
    const [here, there] = [roomOf(from), roomOf(target)];
    if (here === there) return [];
    if (!table.get(here)?.has(there)) return [`${from} imports ${target}: ${here} may not import ${there}`];
    return target === `src/${there}/index.ts` || target === `src/${there}`
      ? []
      : [`${from} imports ${target}: a room is entered by its index.ts`];
  });
}

/** Where each proof is made. Whoever else could make one would need no proof. */
const mints = new Map([
  ['mintViewer', 'identity'],
  ['mintCamera', 'identity'],
  ['mintProof', 'ownership'],
  ['mintPair', 'pairing'],
]);

function strayMints(graph: Graph): string[] {
  const mintFiles = new Set(
    edges(graph)
      .filter(([, { names }]) => names.some((name) => mints.has(name)))
      .map(([, { target }]) => target),
  );
  return edges(graph).flatMap(([from, { names, target }]) => {
    const outside = names.filter((name) => mints.has(name) && mints.get(name) !== roomOf(from));
    const found = outside.map((name) => `${from} takes ${name}, which is ${mints.get(name)}’s alone`);
    const isDoor = /^src\/[^/]+\/index\.ts$/.test(from);
    if (isDoor && names.some((name) => mints.has(name))) found.push(`${from} hands a mint out of its room`);
    if (names.includes('*') && mintFiles.has(target)) found.push(`${from} takes all of ${target}, with its mint`);
    return found;
  });
}

const threadFile = 'src/base/thread.ts';

/** Threads are started in one way, which knows what V8 wants and what a thread dies of. */
function strayThreads(graph: Graph): string[] {
  return edges(graph)
    .filter(([from, { specifier }]) => from !== threadFile && specifier === 'node:worker_threads')
    .filter(([, { names, typeOnly }]) => !typeOnly && names.some((name) => ['Worker', '*', 'default'].includes(name)))
    .map(([from]) => `${from} starts threads, which ${threadFile} does alone`);
}

/** A room that must not be able to do something does not import what does it. */
const packagesKeptOut = new Map([['relay', ['jose', 'ws', 'uWebSockets.js', 'werift']]]);

function foreignPackages(graph: Graph, packages: ReadonlySet<string>): string[] {
  return edges(graph).flatMap(([from, { specifier, target }]) => {
    if (target !== undefined || specifier.startsWith('node:')) return [];
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    if (!packages.has(name)) return [`${from} imports ${name}, which is no package of production`];
    return packagesKeptOut.get(roomOf(from))?.includes(name)
      ? [`${from} imports ${name}, which its room must not`]
      : [];
  });
}

const wireFolder = 'src/relay/wire/';
const pureFolders = [wireFolder, 'src/relay/engine/'];
/** All that a codec may take of Node: functions whose result depends on their arguments alone. */
const pureFunctions = new Map([
  ['node:crypto', ['createHmac', 'timingSafeEqual', 'createSecretKey', 'KeyObject']],
  ['node:zlib', ['crc32']],
]);
const powers = new Set(
  ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date', 'performance', 'process', 'global'].concat([
    'globalThis',
    'crypto',
    'fetch',
    'console',
    'WebSocket',
    'Worker',
    'systemClock',
    'systemRandom',
    'startThread',
    'Temporal',
  ]),
);

/** The codecs and the engine have no socket, no clock, no timer and no random source: they could not cheat a simulation. */
function impurities(files: readonly SourceFile[], graph: Graph): string[] {
  const pure = files.filter((file) => pureFolders.some((folder) => file.path.startsWith(folder)));
  return pure.flatMap((file) => {
    const modules = (graph.get(file.path) ?? []).flatMap(({ specifier, target, names, typeOnly }) => {
      if (typeOnly && target === undefined) return [];
      if (target === undefined) {
        const allowed = file.path.startsWith(wireFolder) ? pureFunctions.get(specifier) : undefined;
        const others = allowed === undefined ? ['anything'] : names.filter((name) => !allowed.includes(name));
        return others.map((name) => `${file.path} takes ${name} of ${specifier}`);
      }
      const within = pureFolders.some((folder) => target.startsWith(folder)) || !target.startsWith('src/relay/');
      return within || target === 'src/relay/index.ts' ? [] : [`${file.path} imports ${target}, which moves datagrams`];
    });
    const used = [...walk(parse(file))]
      .filter(([node, [parent]]) => isUse(node, parent))
      .map(([node]) => (node.type === 'Identifier' ? String(node.name) : 'Math.random'));
    return [...modules, ...[...new Set(used)].map((name) => `${file.path} uses ${name}`)];
  });
}

/** Whether a node is one of the powers by its own name, and not a member or a key that is called the same. */
function isUse(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (node.type === 'MemberExpression') {
    const [object, property] = [node.object as SyntaxNode, node.property as SyntaxNode];
    return object.name === 'Math' && (property.name === 'random' || property.value === 'random');
  }
  if (node.type !== 'Identifier' || !powers.has(String(node.name))) return false;
  const isName = parent?.computed !== true && (parent?.property === node || parent?.key === node);
  return !isName;
}

const browserFolders = ['src/web/client/', 'src/admin/client/'];
/** Packages that are served beside a page’s modules. */
const browserPackages = new Map([['src/admin/client/', ['uplot']]]);

/** What the page loads is served file by file: at run time it can import its own folder and nothing else. */
function strayFromTheBrowser(graph: Graph): string[] {
  return browserFolders.flatMap((folder) =>
    edges(graph)
      .filter(([from, { typeOnly }]) => from.startsWith(folder) && !typeOnly)
      .filter(([, { target }]) => !target?.startsWith(folder))
      .filter(([, { specifier }]) => !browserPackages.get(folder)?.includes(specifier))
      .map(([from, { specifier }]) => `${from} imports ${specifier}, which a browser cannot have`),
  );
}

function runTimeCycles(graph: Graph): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, road: readonly string[]): void => {
    if (road.includes(path)) {
      found.push(`${[...road.slice(road.indexOf(path)), path].join(' → ')} is a circle`);
      return;
    }
    if (done.has(path)) return;
    for (const { target, typeOnly } of graph.get(path) ?? []) {
      if (target !== undefined && !typeOnly) visit(target, [...road, path]);
    }
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function edges(graph: Graph): [string, Import][] {
  return [...graph].flatMap(([from, imports]) => imports.map((each): [string, Import] => [from, each]));
}
