import { posix } from 'node:path';
import { isNode, parse, type SourceFile, type SyntaxNode, walk } from './source-files.ts';

/** One way in which a file names another module: an import, a re-export, `import()` or `import('…').Type`. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** The path from the root where the specifier is relative, else undefined. */
  readonly target: string | undefined;
  /** The names that are taken, as the other module calls them; `*` for all of them. */
  readonly names: readonly string[];
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

/** Every import of a file. Throws a TypeError for an `import()` whose module is not written out. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  for (const [node] of walk(parse(file))) {
    const taken = namesTaken(node);
    if (taken === undefined) continue;
    const specifier = isNode(node.source) ? node.source.value : undefined;
    if (typeof specifier !== 'string') throw new TypeError(`${file.path} imports what it does not name`);
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined;
    found.push({ specifier, target, ...taken });
  }
  return found;
}

function namesTaken(node: SyntaxNode): Pick<Import, 'names' | 'typeOnly'> | undefined {
  const specifiers = (Array.isArray(node.specifiers) ? node.specifiers : []).filter(isNode);
  const nameOf = (name: unknown) => (isNode(name) ? String(name.name ?? name.value) : '*');
  switch (node.type) {
    case 'ImportDeclaration':
      return {
        names: specifiers.map((each) =>
          each.type === 'ImportSpecifier'
            ? nameOf(each.imported)
            : each.type === 'ImportDefaultSpecifier'
              ? 'default'
              : '*',
        ),
        typeOnly: node.importKind === 'type' || allTypes(specifiers, 'importKind'),
      };
    case 'ExportNamedDeclaration':
      if (!isNode(node.source)) return undefined;
      return {
        names: specifiers.map((each) => nameOf(each.local)),
        typeOnly: node.exportKind === 'type' || allTypes(specifiers, 'exportKind'),
      };
    case 'ExportAllDeclaration':
      return { names: ['*'], typeOnly: node.exportKind === 'type' };
    case 'ImportExpression':
      return { names: ['*'], typeOnly: false };
    case 'TSImportType':
      return { names: [nameOf(node.qualifier)], typeOnly: true };
    default:
      return undefined;
  }
}

/** With `verbatimModuleSyntax`, `import { type A }` leaves an empty import behind, but nothing else of the module is used. */
function allTypes(specifiers: readonly SyntaxNode[], kind: string): boolean {
  return specifiers.length > 0 && specifiers.every((each) => each[kind] === 'type');
}
