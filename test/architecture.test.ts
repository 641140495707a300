import { describe, expect, it } from 'vitest';
import { readRoomTable, violations } from './support/architecture.ts';
import { importsOf } from './support/imports.ts';
import { fileAt, typeScriptBelow } from './support/source-files.ts';

const packages = new Set(Object.keys(JSON.parse(fileAt('package.json').text).dependencies));
const table = readRoomTable(fileAt('ARCHITECTURE.md').text);

describe('the architecture', () => {
  it('is what ARCHITECTURE.md says it is', () => {
    expect(violations(typeScriptBelow('src'), table, packages)).toEqual([]);
  });

  it('lets the relay know nothing but pairing and base', () => {
    expect([...(table.get('relay') ?? [])].sort()).toEqual(['base', 'pairing']);
  });

  it('lets nobody but the wiring and the command know telemetry', () => {
    const knowing = [...table].filter(([, may]) => may.has('telemetry')).map(([room]) => room);
    expect(knowing.sort()).toEqual(['cli', 'server.ts', 'wiring']);
  });
});

/** A small tree in good order, and the table that allows it. */
const goodTable = readRoomTable(`
| room | what lives there | may import |
|---|---|---|
| \`base\` | ids | |
| \`identity\` | proofs | \`base\` |
| \`pairing\` | the mint | \`base\`, \`identity\` |
| \`relay\` | the door | \`base\`, \`pairing\` |
| \`web\` | the page | \`base\` |
| \`server.ts\` | the wiring | all but \`main.ts\` |
| \`main.ts\` | the process | \`server.ts\` |
`);
const good: Record<string, string> = {
  'src/base/index.ts': `export * from './ids.ts';`,
  'src/base/ids.ts': `export type Id = string; export const id = 1;`,
  'src/identity/index.ts': `export type { Viewer } from './verified.ts';`,
  'src/identity/verified.ts': `import type { Id } from '../base/index.ts'; export type Viewer = Id; export function mintViewer() {}`,
  'src/identity/verify.ts': `import { mintViewer, other } from './verified.ts'; mintViewer(other);`,
  'src/pairing/index.ts': `export type { Pair } from './pair.ts';`,
  'src/pairing/pair.ts': `export type Pair = import('../identity/index.ts').Viewer; export function mintPair() {}`,
  'src/relay/index.ts': `export * from './engine/engine.ts'; import 'zod'; import './udp/port.ts';`,
  'src/relay/engine/engine.ts': `import { stun } from '../wire/stun.ts'; const now = { Date: 1 }; export const engine = [now.Date, stun, dice.random()]; import type { Side } from '../index.ts';`,
  'src/relay/wire/stun.ts': `import { createHmac } from 'node:crypto'; export const stun = Math.max(createHmac.length);`,
  'src/relay/udp/port.ts': `import 'node:dgram'; setTimeout(Date.now, Math.random());`,
  'src/relay/engine/keys.ts': `import type { KeyObject } from 'node:crypto'; export type Key = KeyObject;`,
  'src/web/index.ts': `export {};`,
  'src/web/client/page.ts': `import type { Id } from '../../base/index.ts'; import './view.ts'; export type Page = Id;`,
  'src/web/client/view.ts': `export const view = Date.now();`,
  'src/server.ts': `import './relay/index.ts';`,
  'src/main.ts': `import './server.ts';`,
};

function found(changes: Record<string, string>): string[] {
  const files = Object.entries({ ...good, ...changes }).map(([path, text]) => ({ path, text }));
  return violations(files, goodTable, new Set(['zod', 'jose']));
}

describe('the check of the architecture', () => {
  it('finds nothing wrong with a tree in good order', () => {
    expect(found({})).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['an import against the arrows', { 'src/base/bad.ts': `import '../relay/index.ts';` }, /base may not import relay/],
    [
      'a type against the arrows',
      { 'src/base/bad.ts': `import type { X } from '../relay/index.ts';` },
      /may not import/,
    ],
    ['a type written inline', { 'src/base/bad.ts': `type X = import('../relay/index.ts').X;` }, /may not import/],
    ['a re-export', { 'src/base/bad.ts': `export { x } from '../relay/index.ts';` }, /may not import/],
    ['an import at run time', { 'src/base/bad.ts': `await import('../relay/index.ts');` }, /may not import/],
    ['a room without a line', { 'src/odd/index.ts': '' }, /odd is a room without a line/],
    ['a file in src without a line', { 'src/odd.ts': '' }, /odd\.ts is a room without a line/],
    ['a side entrance', { 'src/relay/bad.ts': `import '../pairing/pair.ts';` }, /entered by its index\.ts/],
    [
      'a side entrance for the wiring',
      { 'src/server.ts': `import './relay/udp/port.ts';` },
      /entered by its index\.ts/,
    ],
    [
      'the wiring that knows the process',
      { 'src/server.ts': `import './main.ts';` },
      /server\.ts may not import main\.ts/,
    ],
    ['a road out of src', { 'src/base/bad.ts': `import '../../test/support/proofs.ts';` }, /reaches out of src/],
    ['a file that is not there', { 'src/base/bad.ts': `import './nowhere.ts';` }, /no file of src/],
    [
      'another room’s mint',
      { 'src/relay/bad.ts': `import { mintPair } from '../pairing/index.ts';` },
      /takes mintPair/,
    ],
    ['a mint at a door', { 'src/pairing/index.ts': `export { mintPair } from './pair.ts';` }, /hands a mint out/],
    ['a mint among all', { 'src/identity/index.ts': `export * from './verified.ts';` }, /with its mint/],
    [
      'a package of development',
      { 'src/base/bad.ts': `import 'vitest';` },
      /vitest, which is no package of production/,
    ],
    ['a part of a package', { 'src/base/bad.ts': `import '@types/node/fs';` }, /@types\/node, which is no package/],
    ['a relay that reads tokens', { 'src/relay/bad.ts': `import { jwtVerify } from 'jose';` }, /its room must not/],
    ['a socket in the engine', { 'src/relay/engine/bad.ts': `import 'node:dgram';` }, /takes anything of node:dgram/],
    ['hashing in the engine', { 'src/relay/engine/bad.ts': `import 'node:crypto';` }, /takes anything of node:crypto/],
    [
      'random bytes in a codec',
      { 'src/relay/wire/bad.ts': `import { createHmac, randomBytes } from 'node:crypto';` },
      /takes randomBytes of node:crypto/,
    ],
    [
      'all of a module in a codec',
      { 'src/relay/wire/bad.ts': `import * as c from 'node:crypto';` },
      /takes \* of node/,
    ],
    ['a package in a codec', { 'src/relay/wire/bad.ts': `import 'zod';` }, /takes anything of zod/],
    ['ports in the engine', { 'src/relay/engine/bad.ts': `import '../udp/port.ts';` }, /which moves datagrams/],
    ['a thread of its own', { 'src/relay/bad.ts': `import { Worker } from 'node:worker_threads';` }, /starts threads/],
    ['all about threads', { 'src/relay/bad.ts': `import * as t from 'node:worker_threads';` }, /starts threads/],
    ['a thread in the engine', { 'src/relay/engine/bad.ts': `startThread('a');` }, /uses startThread/],
    ['a clock in the engine', { 'src/relay/engine/bad.ts': `Date.now();` }, /uses Date/],
    ['a timer in the engine', { 'src/relay/engine/bad.ts': `setTimeout(() => {}, 1);` }, /uses setTimeout/],
    ['a global by another road', { 'src/relay/engine/bad.ts': `globalThis['Date'];` }, /uses globalThis/],
    ['a clock as a key', { 'src/relay/engine/bad.ts': `table[Date];` }, /uses Date/],
    ['the process in a codec', { 'src/relay/wire/bad.ts': `process.hrtime();` }, /uses process/],
    ['dice in the engine', { 'src/relay/engine/bad.ts': `Math.random();` }, /uses Math\.random/],
    ['dice by index', { 'src/relay/engine/bad.ts': `Math['random']();` }, /uses Math\.random/],
    [
      'a page that needs the relay’s code',
      { 'src/web/client/bad.ts': `import { id } from '../../base/index.ts';` },
      /a browser cannot have/,
    ],
    ['a page that needs a package', { 'src/web/client/bad.ts': `import 'zod';` }, /a browser cannot have/],
    ['a circle', { 'src/base/a.ts': `import './b.ts';`, 'src/base/b.ts': `import './a.ts';` }, /is a circle/],
  ])('finds %s', (_, changes, message) => {
    expect(found(changes).join('\n')).toMatch(message);
  });

  it('finds a line without a room', () => {
    const { 'src/main.ts': _, ...rest } = good;
    const files = Object.entries(rest).map(([path, text]) => ({ path, text }));
    expect(violations(files, goodTable, new Set(['zod']))).toEqual(['main.ts has a line and is no room']);
  });

  it('finds a table that names a room without a line', () => {
    expect(() => readRoomTable('| `a` | x | `b` |\n')).toThrow(/b, which has no line/);
  });

  it('refuses an import whose module is computed', () => {
    expect(() => found({ 'src/base/bad.ts': `await import(String(1));` })).toThrow(/does not name/);
  });

  it('lets types go in a circle, which is none at run time', () => {
    expect(found({ 'src/base/a.ts': `import type { B } from './b.ts';`, 'src/base/b.ts': `import './a.ts';` })).toEqual(
      [],
    );
  });

  it('refuses a file that cannot be parsed', () => {
    expect(() => found({ 'src/base/bad.ts': `const` })).toThrow(SyntaxError);
  });
});

describe('the reader of imports', () => {
  const [star, value, type] = [['*'], false, true];

  it.each<[string, readonly string[], boolean]>([
    [`import './a.ts';`, [], value],
    [`import a from './a.ts';`, ['default'], value],
    [`import * as a from './a.ts';`, star, value],
    [`import { a as b, type C } from './a.ts';`, ['a', 'C'], value],
    [`import { type A, type B } from './a.ts';`, ['A', 'B'], type],
    [`import type { A } from './a.ts';`, ['A'], type],
    [`import type A from './a.ts';`, ['default'], type],
    [`import { 'a b' as c } from './a.ts';`, ['a b'], value],
    [`export { a as b, type C } from './a.ts';`, ['a', 'C'], value],
    [`export { type A } from './a.ts';`, ['A'], type],
    [`export type { A } from './a.ts';`, ['A'], type],
    [`export * from './a.ts';`, star, value],
    [`export * as a from './a.ts';`, star, value],
    [`export type * from './a.ts';`, star, type],
    [`const a = () => import('./a.ts');`, star, value],
    [`type A = import('./a.ts').A;`, ['A'], type],
    [`type A = typeof import('./a.ts');`, star, type],
  ])('reads %s', (text, names, typeOnly) => {
    const imports = importsOf({ path: 'src/room/file.ts', text });
    expect(imports).toEqual([{ specifier: './a.ts', target: 'src/room/a.ts', names, typeOnly }]);
  });

  it('tells packages and the platform from files', () => {
    const imports = importsOf({ path: 'src/a.ts', text: `import 'node:fs'; import '@scope/b/c'; import '../d.ts';` });
    expect(imports.map(({ target }) => target)).toEqual([undefined, undefined, 'd.ts']);
  });

  it('takes no other statement for an import', () => {
    const text = `export { a, b }; export const c = 1; export default c; const source = { value: './a.ts' };`;
    expect(importsOf({ path: 'src/a.ts', text })).toEqual([]);
  });
});
