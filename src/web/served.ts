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

/** A page, its modules and what they need, held in memory. */
export interface WebAssets {
  /** The paths that are served, each beginning with `/`. */
  readonly paths: readonly string[];
  /**
   * Answers `method` (upper case) for `path` (still percent-encoded, without its query); undefined where there is nothing.
   * Paths are compared whole with a fixed table: nothing is read from the disk for a request.
   */
  serve(method: string, path: string, ifNoneMatch?: string): WebResponse | undefined;
}

/** What a page is made of. */
export interface Served {
  /** The folder of its TypeScript modules, with a `/` at its end. */
  readonly modules: URL;
  /** The address of a module: what the browser asks for. */
  modulePath(file: string): string;
  /** Packages that modules may import, and the address of each. */
  readonly packages?: ReadonlyMap<string, string>;
  /** All other files, by address. */
  readonly files: ReadonlyMap<string, URL>;
  readonly contentSecurityPolicy: string;
  /** Further headers of modules. */
  readonly moduleHeaders?: Readonly<Record<string, string>>;
}

interface Asset {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly etag: string;
}

/**
 * Reads a page and its modules once and takes the types out of them, so that a browser can run them as they are.
 * Throws what the file system or the type stripper throws: a relay without its page should not start.
 */
export function servedAssets(served: Served): WebAssets {
  const assets = new Map<string, Asset>();
  for (const file of readdirSync(served.modules, { encoding: 'utf8', recursive: true })) {
    const name = file.replaceAll('\\', '/');
    if (!name.endsWith('.ts')) continue;
    assets.set(served.modulePath(name), asset(served, name, Buffer.from(browserModule(served, name))));
  }
  const preloads = [...assets.keys()].map((path) => `<link rel="modulepreload" href="${path}">`).join('');
  for (const [path, file] of served.files) {
    const body = readFileSync(file);
    const whole = path === '/' ? Buffer.from(body.toString('utf8').replace(preloadMark, preloads)) : body;
    assets.set(path, asset(served, file.pathname, whole));
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

const contentTypes = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.ts', 'text/javascript; charset=utf-8'],
]);

const empty = new Uint8Array(0);

function asset({ contentSecurityPolicy, moduleHeaders }: Served, file: string, body: Buffer): Asset {
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
      ...(extension === '.ts' ? moduleHeaders : {}),
    },
  };
}

/** Strips the types and points each import at the address under which its module is served. */
function browserModule({ modules, modulePath, packages = new Map() }: Served, file: string): string {
  const source = readFileSync(new URL(file, modules), 'utf8');
  const own = posix.dirname(modulePath(file));
  const addressed = (target: string) => {
    const relative = posix.relative(own, target);
    return relative.startsWith('.') ? relative : `./${relative}`;
  };
  return stripTypeScriptTypes(source)
    .replace(importPath, (_, before: string, specifier: string) => {
      return `${before}'${addressed(modulePath(posix.join(posix.dirname(file), specifier)))}'`;
    })
    .replace(importPackage, (whole, before: string, specifier: string) => {
      const target = packages.get(specifier);
      return target === undefined ? whole : `${before}'${addressed(target)}'`;
    });
}

/** The specifier of a static or dynamic import or a re-export, as the formatter writes them. */
const importPath = /(\bfrom |\bimport |\bimport\()'(\.{1,2}\/[^']+\.ts)'/g;
const importPackage = /(\bfrom |\bimport |\bimport\()'([a-z][\w-]*)'/g;

/** RFC 9110 section 13.1.2: a list of entity tags, compared weakly. */
function matches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
