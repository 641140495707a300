import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { posix } from 'node:path';

/** One answer, ready for whichever server writes it. The body of a HEAD, a 304 and a 405 is empty. */
export interface WebResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The page, `<live-view>` and what they need, held in memory. */
export interface WebAssets {
  /** The paths that are served, each beginning with `/`. */
  readonly paths: readonly string[];
  /**
   * Answers `method` (upper case) for `path` (still percent-encoded, without its query); undefined where there is nothing.
   * Paths are compared whole with a fixed table: nothing is read from the disk for a request.
   */
  serve(method: string, path: string, ifNoneMatch?: string): WebResponse | undefined;
}

interface Asset {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly etag: string;
}

/** The library's own address: what an app developer imports. All other modules lie under `/web/`. */
const libraryFile = 'live-view.ts';
const libraryPath = '/live-view.js';

/** Only this origin's own scripts and styles; WebSockets may go to another relay. Nothing may frame the page. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' ws: wss:",
  "media-src blob: 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
].join('; ');

/**
 * Reads the page and its modules once and takes the types out of them, so that a browser can run them as they are.
 * Throws what the file system or the type stripper throws: a relay without its page should not start.
 */
export function createWebAssets(): WebAssets {
  const assets = new Map<string, Asset>();
  for (const file of readdirSync(url('client/'), { encoding: 'utf8', recursive: true })) {
    const name = file.replaceAll('\\', '/');
    if (!name.endsWith('.ts')) continue;
    assets.set(modulePath(name), asset(name, Buffer.from(browserModule(name))));
  }
  const preloads = [...assets.keys()].map((path) => `<link rel="modulepreload" href="${path}">`).join('');
  for (const [path, file] of staticFiles) {
    const body = readFileSync(url(`static/${file}`));
    const whole = path === '/' ? Buffer.from(body.toString('utf8').replace(preloadMark, preloads)) : body;
    assets.set(path, asset(file, whole));
  }
  return {
    paths: [...assets.keys()],
    serve(method, path, ifNoneMatch) {
      const found = assets.get(path);
      if (found === undefined) return undefined;
      if (method !== 'GET' && method !== 'HEAD') {
        return { status: 405, headers: { Allow: 'GET, HEAD' }, body: empty };
      }
      if (ifNoneMatch !== undefined && matches(ifNoneMatch, found.etag)) {
        return { status: 304, headers: found.headers, body: empty };
      }
      return { status: 200, headers: found.headers, body: method === 'HEAD' ? empty : found.body };
    },
  };
}

/** Where the page names its modules, so that a browser fetches them all at once and not one after the other. */
const preloadMark = '<!-- modulepreload -->';

const staticFiles = new Map([
  ['/', 'index.html'],
  ['/web/page.css', 'page.css'],
  ['/favicon.svg', 'favicon.svg'],
]);

const contentTypes = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.ts', 'text/javascript; charset=utf-8'],
]);

const empty = new Uint8Array(0);

function url(relative: string): URL {
  return new URL(relative, import.meta.url);
}

function asset(file: string, body: Buffer): Asset {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const extension = posix.extname(file);
  return {
    body,
    etag,
    headers: {
      'Content-Type': contentTypes.get(extension) ?? 'application/octet-stream',
      ETag: etag,
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': contentSecurityPolicy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      // Modules are public and carry nobody's data: an app on another origin may import them.
      ...(extension === '.ts' ? { 'Access-Control-Allow-Origin': '*' } : {}),
    },
  };
}

function modulePath(file: string): string {
  return file === libraryFile ? libraryPath : `/web/${file.replace(/\.ts$/, '.js')}`;
}

/** Strips the types and points each import at the address under which its module is served. */
function browserModule(file: string): string {
  const source = readFileSync(url(`client/${file}`), 'utf8');
  const own = posix.dirname(modulePath(file));
  return stripTypeScriptTypes(source).replace(importPath, (_, before: string, specifier: string) => {
    const target = modulePath(posix.join(posix.dirname(file), specifier));
    const relative = posix.relative(own, target);
    return `${before}'${relative.startsWith('.') ? relative : `./${relative}`}'`;
  });
}

/** The specifier of a static or dynamic import or a re-export, as the formatter writes them. */
const importPath = /(\bfrom |\bimport |\bimport\()'(\.{1,2}\/[^']+\.ts)'/g;

/** RFC 9110 section 13.1.2: a list of entity tags, compared weakly. */
function matches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
