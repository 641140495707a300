import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { endReasons, errorTable, limits } from '../src/base/index.ts';
import { attacksTable, documents, tablesIn, withTables } from './support/document-tables.ts';
import { fileAt, pathsBelow, repositoryRoot, type SourceFile, typeScriptBelow } from './support/source-files.ts';
import {
  isKebabCase,
  noAssertedTypes,
  noLongFile,
  noSleeps,
  noStrayWords,
  noSuppressions,
  noTestLeftOut,
  type Rule,
  unusedMembers,
  unusedWords,
} from './support/tidiness.ts';

const source = typeScriptBelow('src');
const tests = typeScriptBelow('test');
const typeTests = (file: SourceFile) => file.path.startsWith('test/types/');
const textual = /\.(?:ts|js|mjs|json|md|html|css|svg|yml|yaml|sh)$|(?:^|\/)(?:Dockerfile|run|\.\w+ignore)$/;
const everything = pathsBelow('')
  .filter((path) => textual.test(path) && path !== 'package-lock.json')
  .map(fileAt);

/** A fixed wait that has a reason: the path, and why there is no event to wait for. */
const sleepsWithReason = new Map<string, string>([]);

function check(files: readonly SourceFile[], rule: Rule): string[] {
  return files.flatMap(rule);
}

describe('the repository', () => {
  it('has no source file over 400 lines', () => {
    expect(check([...source, ...tests.filter((file) => file.path.startsWith('test/support/'))], noLongFile)).toEqual(
      [],
    );
  });

  it('asserts no type that the compiler could not see', () => {
    expect(check([...source, ...tests.filter((file) => !typeTests(file))], noAssertedTypes)).toEqual([]);
  });

  it('turns the compiler off nowhere', () => {
    expect(check([...source, ...tests.filter((file) => !typeTests(file))], noSuppressions)).toEqual([]);
  });

  it('leaves no test out', () => {
    expect(check(tests, noTestLeftOut)).toEqual([]);
  });

  it('sleeps in no test', () => {
    expect(
      check(
        tests.filter((file) => !sleepsWithReason.has(file.path)),
        noSleeps,
      ),
    ).toEqual([]);
  });

  it('keeps no reason for a sleep that is gone', () => {
    const sleeping = tests.filter((file) => noSleeps(file).length > 0).map((file) => file.path);
    expect([...sleepsWithReason.keys()].filter((path) => !sleeping.includes(path))).toEqual([]);
  });

  it('speaks of itself alone, and of no machine', () => {
    expect(check(everything, noStrayWords)).toEqual([]);
  });

  it('names its files in kebab-case', () => {
    const conventional = /^(?:[A-Z]+(?:\.md)?|Dockerfile)$/;
    expect(pathsBelow('').filter((path) => !isKebabCase(path) && !conventional.test(path))).toEqual([]);
  });

  it('enters every room by an index.ts', () => {
    const rooms = readdirSync(join(repositoryRoot, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(rooms.filter((room) => !existsSync(join(repositoryRoot, 'src', room.name, 'index.ts')))).toEqual([]);
  });

  it('uses every limit', () => {
    const users = source.filter((file) => !file.path.startsWith('src/base/limit'));
    expect(unusedMembers('limits', Object.keys(limits), users)).toEqual([]);
  });

  it('can say every error of the table', () => {
    const users = source.filter((file) => file.path !== 'src/base/errors.ts');
    expect(unusedWords(Object.keys(errorTable), users)).toEqual([]);
  });

  it('can end a live view for every reason', () => {
    const users = source.filter((file) => file.path !== 'src/base/errors.ts');
    expect(unusedWords(Object.keys(endReasons), users)).toEqual([]);
  });

  it('names in .gitignore what the checks leave out', () => {
    const ignored = fileAt('.gitignore').text.split('\n');
    for (const folder of ['node_modules/', 'data/', 'reports/', 'coverage/', '.stryker-tmp/']) {
      expect(ignored).toContain(folder);
    }
  });
});

describe.each(Object.entries(documents))('%s', (name, tables) => {
  const text = () => fileAt(name).text;

  it('has every table that is written from the code', () => {
    expect(tablesIn(text()).sort()).toEqual(Object.keys(tables).sort());
  });

  it('has them as the code is now (npm run docs)', async () => {
    expect(text()).toBe(await withTables(text(), tables));
  });

  it('names no file that is not there', () => {
    const named = [...text().matchAll(/\]\(([\w./-]+)\)|`((?:src|test|config|bench)\/[\w./-]+)`/g)];
    const paths = named.map(([, link, path]) => link ?? path ?? '');
    expect(paths.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
  });
});

const file = (text: string, path = 'src/a.ts'): SourceFile => ({ path, text });

describe('the checks of tidiness', () => {
  it.each<[string, Rule, string]>([
    ['any', noAssertedTypes, 'let a: any;'],
    ['any in a generic', noAssertedTypes, 'let a: Map<string, any[]>;'],
    ['an asserted proof', noAssertedTypes, 'const pair = {} as VerifiedPair;'],
    ['an asserted proof by two steps', noAssertedTypes, 'const pair = {} as unknown as OwnershipProof;'],
    ['an asserted proof of the old kind', noAssertedTypes, 'const pair = <VerifiedViewer>{};'],
    ['a silenced compiler', noSuppressions, `// @ts-${'ignore'}`],
    ['an expected error', noSuppressions, `// @ts-${'expect-error'}`],
    ['a skipped test', noTestLeftOut, 'it.skip("a", () => {});'],
    ['an only test behind a modifier', noTestLeftOut, 'describe.concurrent.only("a", () => {});'],
    ['an only test behind a table', noTestLeftOut, 'it.only.each([1])("a", () => {});'],
    ['a test under a condition', noTestLeftOut, 'test.skipIf(true)("a", () => {});'],
    ['a test that skips itself', noTestLeftOut, 'it("a", (context) => context.skip());'],
    ['a test that is tried again', noTestLeftOut, 'it("a", { retry: 3 }, () => {});'],
    ['a sleep', noSleeps, 'await new Promise((resolve) => setTimeout(resolve, 10));'],
    ['a sleep in a function', noSleeps, 'await new Promise<void>((done) => setTimeout(() => done(), 10));'],
    ['a sleep in a block', noSleeps, 'await new Promise<void>((done) => { setTimeout(() => { done(); }, 10); });'],
    ['a sleep from the platform', noSleeps, "import { setTimeout as sleep } from 'node:timers/promises';"],
    ['a note to somebody', noStrayWords, `// ${'TO'}DO: later`],
    ['a machine’s path', noStrayWords, `open("/${'work'}/main/x");`],
    ['a registry', noStrayWords, `https://${'registry'}.npmjs.org/x`],
    ['a ticket', noStrayWords, `// see issue ${'#'}12`],
    ['a long file', noLongFile, 'a;\n'.repeat(401)],
  ])('find %s', (_, rule, text) => {
    expect(rule(file(text))).toHaveLength(1);
  });

  it.each<[string, Rule, string]>([
    ['a file of 400 lines', noLongFile, 'a;\n'.repeat(400)],
    [
      'a guard that rejects',
      noSleeps,
      'await new Promise((done, fail) => { setTimeout(() => fail(new Error()), 10); on(done); });',
    ],
    ['a member called skip', noTestLeftOut, 'reader.skip(4);'],
    ['the word any', noAssertedTypes, 'const any = "as VerifiedPair";'],
    ['a path of the system', noStrayWords, 'open("/etc/os-release"); open("/workshop");'],
  ])('let %s be', (_, rule, text) => {
    expect(rule(file(text))).toEqual([]);
  });

  it('name the line', () => {
    expect(noAssertedTypes(file('let a;\nlet b: any;\n'))).toEqual(['src/a.ts:2: any']);
  });

  it('know kebab-case', () => {
    expect(['src/verified-pair.ts', 'test/a.test.ts', '.ci/run', 'h264.ts'].every(isKebabCase)).toBe(true);
    expect(['src/verifiedPair.ts', 'src/Verified.ts', 'src/a_b.ts', 'src/a--b.ts', 'src/-a.ts'].some(isKebabCase)).toBe(
      false,
    );
  });

  it('find what nobody uses', () => {
    const users = [file(`limits.a + other.b; const { e: f } = limits; say('c');`)];
    expect(unusedMembers('limits', ['a', 'b', 'e', 'f'], users)).toEqual(['b', 'f']);
    expect(unusedWords(['c', 'd'], users)).toEqual(['d']);
  });

  const tables = { odd: () => 'new', even: async () => 'also new' };

  it('find a table that is unknown, or not closed', async () => {
    await expect(withTables('<!-- nothing -->\n<!-- /nothing -->\n', tables)).rejects.toThrow(/no table/);
    await expect(withTables('<!-- toString -->\n<!-- /toString -->\n', tables)).rejects.toThrow(/no table/);
    await expect(withTables('<!-- odd -->\n', tables)).rejects.toThrow(/not closed/);
    await expect(withTables('<!-- odd -->\n<!-- /even -->\n', tables)).rejects.toThrow(/not closed/);
  });

  it('write tables between their markers and leave the rest', async () => {
    const text = 'a\n<!-- odd -->\nold\n<!-- /odd -->\nb\n<!-- even -->\n<!-- /even -->\n';
    const written = 'a\n<!-- odd -->\nnew\n<!-- /odd -->\nb\n<!-- even -->\nalso new\n<!-- /even -->\n';
    expect(await withTables(text, tables)).toBe(written);
    expect(await withTables(written, tables)).toBe(written);
  });

  it('make a line of each attack, and demand who can mount it', () => {
    const path = 'test/attacks/late-answer.test.ts';
    const lines = attacksTable([file('/**\n * A camera\n * | late.\n */\ncode', path), file('', 'test/attacks/a.ts')]);
    expect(lines.split('\n').slice(2)).toEqual([`| late answer | A camera \\| late. | [late-answer](${path}) |`]);
    expect(attacksTable([file('// Who can mount it: anyone,\n// at once.\ncode', path)])).toContain(
      '| Anyone, at once. |',
    );
    expect(() => attacksTable([file('code', path)])).toThrow(/who can mount/);
  });
});
