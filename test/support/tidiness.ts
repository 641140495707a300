import { parse, type SourceFile, type SyntaxNode, walk } from './source-files.ts';

/** What is wrong with a file, each as a sentence that begins with its path and line. */
export type Rule = (file: SourceFile) => string[];

// Each pattern has a letter in brackets, so that this file does not match itself.
const words: readonly [RegExp, string][] = [
  [/\b(?:[T]ODO|[F]IXME|[X]XX|[H]ACK)\b/g, 'is a note to somebody; do it, or leave it'],
  [/\b[r]egistry\.npmjs\b|\b[d]eb\.debian\.org\b|\b(?:[d]ocker|[g]hcr|[q]uay)\.io\b/g, 'is the host of a registry'],
  [/(?<![\w.])\/(?:[w]ork|[r]oot|[h]ome|[U]sers)\/\w+/g, 'is a path of one machine'],
  [
    /\b(?:[p]rompt engineering|[l]anguage model|[c]o-authored-by|[g]enerated with|[s]ub-?agents?)\b/gi,
    'is about the making',
  ],
  [/\b(?:as [r]equested|per the [b]rief|the [l]ead asked|this [s]ession’s work)\b/gi, 'is about the making'],
  [/\b(?:[i]ssue|[t]icket|[P]R) ?#\d+/gi, 'is the number of a ticket'],
];

/** Words that have no place in any file. */
export const noStrayWords: Rule = (file) =>
  words.flatMap(([pattern, what]) =>
    [...file.text.matchAll(pattern)].map((found) => `${at(file, found.index)}: “${found[0]}” ${what}`),
  );

const suppressions = /@ts-(?:[i]gnore|[e]xpect-error|[n]ocheck)/g;

/** No comment that turns the compiler off. */
export const noSuppressions: Rule = (file) =>
  [...file.text.matchAll(suppressions)].map((found) => `${at(file, found.index)}: ${found[0]}`);

const proofs = new Set(['VerifiedPair', 'VerifiedViewer', 'VerifiedCamera', 'OwnershipProof']);

/** No `any`, and no proof by assertion. */
export const noAssertedTypes: Rule = (file) =>
  nodesOf(file).flatMap(([node]) => {
    if (node.type === 'TSAnyKeyword') return [`${at(file, node.start)}: any`];
    if (node.type !== 'TSAsExpression' && node.type !== 'TSTypeAssertion') return [];
    const name = nameOf((node.typeAnnotation as SyntaxNode).typeName);
    return proofs.has(name) ? [`${at(file, node.start)}: as ${name}`] : [];
  });

const suites = new Set(['it', 'test', 'describe', 'suite', 'bench', 'context', 'ctx']);
const leavesOut = new Set(['skip', 'only', 'todo', 'skipIf', 'runIf', 'fails']);

/** No test that is left out, that leaves others out, or that is tried again until it passes. */
export const noTestLeftOut: Rule = (file) =>
  nodesOf(file).flatMap(([node]) => {
    if (node.type === 'Property' && nameOf(node.key) === 'retry') return [`${at(file, node.start)}: retry`];
    if (node.type !== 'MemberExpression' || !leavesOut.has(nameOf(node.property))) return [];
    const root = rootOf(node);
    return suites.has(root) ? [`${at(file, node.start)}: ${root}…${nameOf(node.property)}`] : [];
  });

/** No fixed waits: neither `timers/promises` nor a `setTimeout` that does nothing but resolve a promise. */
export const noSleeps: Rule = (file) =>
  nodesOf(file).flatMap(([node, above]) => {
    const source = (node.source as SyntaxNode | null | undefined)?.value;
    if (typeof source === 'string' && /^(?:node:)?timers\/promises$/.test(source)) {
      return [`${at(file, node.start)}: ${source}`];
    }
    if (node.type !== 'CallExpression' || nameOf(node.callee) !== 'setTimeout') return [];
    const [run] = node.arguments as SyntaxNode[];
    const resolvers = above.filter(isExecutor).map((executor) => nameOf((executor.params as SyntaxNode[])[0]));
    return run !== undefined && resolvers.includes(onlyCalls(run)) ? [`${at(file, node.start)}: a sleep`] : [];
  });

const lineCountMax = 400;

/** A file ends at 400 lines. */
export const noLongFile: Rule = (file) => {
  const lines = file.text.split('\n').length - 1;
  return lines > lineCountMax ? [`${file.path}: ${lines} lines`] : [];
};

/** File and folder names are kebab-case, with dots before what kind of file it is. */
export function isKebabCase(path: string): boolean {
  return path.split('/').every((part) => /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/.test(part));
}

/** The members of a record that no file reads, as `record.member` or by taking it apart. */
export function unusedMembers(record: string, members: readonly string[], files: readonly SourceFile[]): string[] {
  const used = new Set(
    files.flatMap((file) =>
      nodesOf(file).flatMap(([node]) => {
        if (node.type === 'MemberExpression' && nameOf(node.object) === record) return [nameOf(node.property)];
        if (node.type !== 'VariableDeclarator' || nameOf(node.init) !== record) return [];
        return ((node.id as SyntaxNode).properties as SyntaxNode[] | undefined)?.map((each) => nameOf(each.key)) ?? [];
      }),
    ),
  );
  return members.filter((member) => !used.has(member));
}

/** The words that no file has as a string literal. */
export function unusedWords(all: readonly string[], files: readonly SourceFile[]): string[] {
  const literals = new Set(
    files.flatMap((file) =>
      nodesOf(file)
        .filter(([node]) => node.type === 'Literal' && typeof node.value === 'string')
        .map(([node]) => node.value),
    ),
  );
  return all.filter((word) => !literals.has(word));
}

const parsed = new WeakMap<SourceFile, [SyntaxNode, readonly SyntaxNode[]][]>();

function nodesOf(file: SourceFile): [SyntaxNode, readonly SyntaxNode[]][] {
  const known = parsed.get(file) ?? [...walk(parse(file))];
  parsed.set(file, known);
  return known;
}

function at(file: SourceFile, offset: unknown): string {
  const before = file.text.slice(0, typeof offset === 'number' ? offset : 0);
  return `${file.path}:${before.split('\n').length}`;
}

function nameOf(node: unknown): string {
  if (typeof node !== 'object' || node === null) return '';
  if ('name' in node) return String(node.name);
  return 'value' in node ? String(node.value) : '';
}

/** `it` for `it.concurrent.only`. */
function rootOf(node: SyntaxNode): string {
  if (node.type === 'MemberExpression') return rootOf(node.object as SyntaxNode);
  return node.type === 'CallExpression' ? rootOf(node.callee as SyntaxNode) : nameOf(node);
}

/** Whether a node is the function that a `new Promise` is given. */
function isExecutor(node: SyntaxNode, index: number, above: readonly SyntaxNode[]): boolean {
  const parent = above[index + 1];
  return parent?.type === 'NewExpression' && nameOf(parent.callee) === 'Promise' && Array.isArray(node.params);
}

/** The one function that `run` is, or that it does nothing but call. */
function onlyCalls(run: SyntaxNode): string {
  if (run.type === 'Identifier') return nameOf(run);
  const body = run.body as SyntaxNode | undefined;
  if (body?.type === 'CallExpression') return nameOf(body.callee);
  const [only, ...more] = (body?.body as SyntaxNode[] | undefined) ?? [];
  const expression = only?.expression as SyntaxNode | undefined;
  return more.length === 0 && expression?.type === 'CallExpression' ? nameOf(expression.callee) : '';
}
