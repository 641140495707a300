import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vitest/node';

/** A file of the repository: its path from the root with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Where the repository lies. */
export const repositoryRoot = join(import.meta.dirname, '..', '..');

/** Folders that tools make and git ignores. */
const made = new Set(['node_modules', '.git', 'data', 'reports', 'coverage', '.stryker-tmp']);

/** The paths of all files below `folder` (from the root; `''` is the root), in order, without what tools have made. */
export function pathsBelow(folder: string): string[] {
  const entries = readdirSync(join(repositoryRoot, folder), { withFileTypes: true });
  return entries
    .filter((entry) => !made.has(entry.name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return pathsBelow(path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

/** The TypeScript files below `folder`. */
export function typeScriptBelow(folder: string): SourceFile[] {
  return pathsBelow(folder)
    .filter((path) => path.endsWith('.ts'))
    .map(fileAt);
}

/** One file by its path from the root. Throws when it is not there. */
export function fileAt(path: string): SourceFile {
  return { path, text: readFileSync(join(repositoryRoot, path), 'utf8') };
}

/** A node of the syntax tree (ESTree with TypeScript's nodes). */
export interface SyntaxNode {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Parses TypeScript. Throws a SyntaxError that names the file. */
export function parse(file: SourceFile): SyntaxNode {
  try {
    return parseAst(file.text, { lang: 'ts' }) as unknown as SyntaxNode;
  } catch (error) {
    throw new SyntaxError(`${file.path} cannot be parsed`, { cause: error });
  }
}

/** Every node below and including `node`, with the nodes above it, nearest first. */
export function* walk(
  node: SyntaxNode,
  above: readonly SyntaxNode[] = [],
): Generator<[SyntaxNode, readonly SyntaxNode[]]> {
  yield [node, above];
  for (const member of Object.values(node)) {
    const children: unknown[] = Array.isArray(member) ? member : [member];
    for (const child of children) if (isNode(child)) yield* walk(child, [node, ...above]);
  }
}

/** Whether a value is a node of the tree. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
