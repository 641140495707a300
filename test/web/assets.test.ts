import { readdirSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWebAssets } from '../../src/web/index.ts';

const assets = createWebAssets();
const modules = assets.paths.filter((path) => path.endsWith('.js'));
const text = (path: string) => Buffer.from(assets.serve('GET', path)?.body ?? []).toString('utf8');

/** What a module imports at run time, by address. */
function importsOf(path: string): string[] {
  return [...text(path).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)].flatMap(([, specifier]) =>
    specifier === undefined ? [] : [specifier],
  );
}

describe('the page', () => {
  test('is served with a policy that runs this origin’s own files and nothing else', () => {
    const page = assets.serve('GET', '/');
    expect(page?.status).toBe(200);
    expect(page?.headers['Content-Type']).toBe('text/html; charset=utf-8');
    const policy = (page?.headers['Content-Security-Policy'] ?? '').split('; ');
    expect(policy.sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self' ws: wss:",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "media-src blob: 'self'",
      "script-src 'self'",
      "style-src 'self'",
    ]);
    expect(page?.headers['X-Content-Type-Options']).toBe('nosniff');
    expect(page?.headers['Referrer-Policy']).toBe('no-referrer');
  });

  test('has no script, style or handler of its own inside, which the policy would stop', () => {
    const page = text('/');
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)/i);
  });

  test('names only addresses that are served', () => {
    const named = [...text('/').matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, path]) => path);
    expect(named.length).toBeGreaterThan(modules.length);
    for (const path of named) expect(assets.paths).toContain(path);
  });

  test('fetches all of its modules at once', () => {
    for (const path of modules) expect(text('/')).toContain(`<link rel="modulepreload" href="${path}">`);
  });
});

describe('the modules', () => {
  test('are all of the client’s sources, and the library is where apps expect it', () => {
    const sources = readdirSync(new URL('../../src/web/client/', import.meta.url), {
      encoding: 'utf8',
      recursive: true,
    }).filter((name) => name.endsWith('.ts'));
    expect(modules.length).toBe(sources.length);
    expect(modules).toContain('/live-view.js');
  });

  test.each(modules)('%s is JavaScript without a trace of types', (path) => {
    expect(stripTypeScriptTypes(text(path))).toBe(text(path));
  });

  test.each(modules)('%s imports nothing but its neighbours', (path) => {
    for (const specifier of importsOf(path)) {
      expect(specifier).toMatch(/^\.{1,2}\//);
      expect(modules).toContain(posix.join(posix.dirname(path), specifier));
    }
  });

  test('are one graph: each is reached from the page or from the library', () => {
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const specifier of importsOf(path)) visit(posix.join(posix.dirname(path), specifier));
    };
    visit('/web/page/app.js');
    visit('/live-view.js');
    expect([...reached].sort()).toEqual([...modules].sort());
  });

  test('may be imported from other origins; the page may not be read from there', () => {
    expect(assets.serve('GET', '/live-view.js')?.headers['Access-Control-Allow-Origin']).toBe('*');
    expect(assets.serve('GET', '/')?.headers['Access-Control-Allow-Origin']).toBeUndefined();
  });
});

describe('an answer', () => {
  test('has a tag that changes with its content, and is not sent twice to whoever has it', () => {
    const tags = assets.paths.map((path) => assets.serve('GET', path)?.headers.ETag);
    expect(new Set(tags).size).toBe(assets.paths.length);
    const tag = assets.serve('GET', '/live-view.js')?.headers.ETag ?? '';
    for (const held of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = assets.serve('GET', '/live-view.js', held);
      expect(again?.status).toBe(304);
      expect(again?.body.length).toBe(0);
    }
    expect(assets.serve('GET', '/live-view.js', '"other"')?.status).toBe(200);
    expect(assets.serve('GET', '/live-view.js')?.headers['Cache-Control']).toBe('no-cache');
  });

  test('to HEAD is the same without a body', () => {
    const head = assets.serve('HEAD', '/');
    expect(head?.status).toBe(200);
    expect(head?.headers).toEqual(assets.serve('GET', '/')?.headers);
    expect(head?.body.length).toBe(0);
  });

  test('to another method says which there are', () => {
    const post = assets.serve('POST', '/');
    expect(post?.status).toBe(405);
    expect(post?.headers.Allow).toBe('GET, HEAD');
  });

  test.each([
    '/nothing',
    '/web/',
    '/live-view.ts',
    '/web/../assets.ts',
    '/web/%2e%2e/assets.ts',
    '/..%2f..%2fpackage.json',
    '/web/page/../app.js',
    '//live-view.js',
    '/static/index.html',
    '/index.html',
    '/__proto__',
    '',
  ])('for %j does not exist', (path) => {
    expect(assets.serve('GET', path)).toBeUndefined();
  });
});
