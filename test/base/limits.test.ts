import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { fileAt } from '../support/source-files.ts';

const files = ['tool-limits', 'limits', 'limit-relations'].map((name) => fileAt(`src/base/${name}.ts`).text);

/** The files as one module. */
const text = `import assert from 'node:assert/strict';\n${files.join('').replaceAll(/^import .*$/gm, '')}`;

/** The module as it would be with other numbers. Rejects where it refuses to load. */
async function loadWith(changes: Record<string, number>): Promise<unknown> {
  let changed = text;
  for (const [name, value] of Object.entries(changes)) {
    const line = new RegExp(`^  ${name}: [^\\n]*,$`, 'm');
    expect(changed).toMatch(line);
    changed = changed.replace(line, `  ${name}: ${value},`);
  }
  const code = stripTypeScriptTypes(changed);
  return await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
}

/** Each `limits.a < limits.b` that the file asserts, in which neither side is part of a sum. */
const relations = [...text.matchAll(/(?<!\/ )limits\.(\w+) (<=?) limits\.(\w+)(?! [/*+-])/g)].map(
  ([, smaller = '', relation = '', larger = '']) => ({ smaller, relation, larger }),
);
const values = new Map<string, number>(Object.entries(limits));

describe('the limits', () => {
  it.each([...values])('%s has a positive whole number', (_, value) => {
    expect(Number.isSafeInteger(value) && value > 0).toBe(true);
  });

  it.each([...values.keys()])('%s says in its name what kind of bound it is', (name) => {
    expect(name).toMatch(/^[a-z][A-Za-z]*(?:Max|Min|First|Ms|Seconds|Bytes)$/);
  });

  it('load as they are', async () => {
    expect(await loadWith({})).toMatchObject({ limits });
  });

  it('relate to each other in ways that are asserted', () => {
    expect(relations.length).toBeGreaterThan(10);
  });

  it.each(relations)('do not load where $smaller is not $relation $larger', async ({ smaller, relation, larger }) => {
    const largest = values.get(larger) ?? 0;
    const loaded = loadWith({ [smaller]: relation === '<' ? largest : largest + 1 });
    await expect(loaded).rejects.toThrow(expect.objectContaining({ name: 'AssertionError' }));
  });
});
