import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Removal } from './guard.ts';

const repositoryRoot = join(import.meta.dirname, '..', '..');
const mark = 'without';
const removals = new Map<string, readonly Removal[]>();

/**
 * Loads a module of this repository, and all of the repository that it imports, once more and with guards taken out of their source:
 * each text is replaced as the file is read. Rejects where a text is not in its file exactly once.
 */
export async function importWithout<Module>(url: URL, name: string, removed: readonly Removal[]): Promise<Module> {
  install();
  const key = encodeURIComponent(name);
  removals.set(key, removed);
  for (const removal of removed) textWithout(removal.file, [removal]);
  const own = new URL(url);
  own.searchParams.set(mark, key);
  return await import(own.href);
}

/** The text of a file without what is removed from it. Throws where that is not there exactly once. */
export function textWithout(file: string, removed: readonly Removal[]): string {
  let text = readFileSync(join(repositoryRoot, file), 'utf8');
  for (const { file: of, text: guard, by } of removed) {
    if (of !== file) continue;
    if (text.split(guard).length !== 2) throw new Error(`${file} does not have this once: ${guard}`);
    text = text.replace(guard, () => by);
  }
  return text;
}

let installed = false;

function install(): void {
  if (installed) return;
  installed = true;
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const key = context.parentURL === undefined ? null : keyOf(context.parentURL);
      if (key === null || !isOwn(resolved.url)) return resolved;
      const url = new URL(resolved.url);
      url.searchParams.set(mark, key);
      return { ...resolved, url: url.href };
    },
    load(url, context, next) {
      const key = keyOf(url);
      if (key === null) return next(url, context);
      const file = relative(repositoryRoot, fileURLToPath(new URL(url)));
      const source = textWithout(file, removals.get(key) ?? []);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

function keyOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).searchParams.get(mark) : null;
}

function isOwn(url: string): boolean {
  if (!url.startsWith('file:')) return false;
  const path = relative(repositoryRoot, fileURLToPath(new URL(url)));
  return /^(?:src|test)\//.test(path);
}
