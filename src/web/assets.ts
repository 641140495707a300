import { servedAssets, type WebAssets } from './served.ts';

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

/** The page and `<live-view>`. Throws what the file system or the type stripper throws. */
export function createWebAssets(): WebAssets {
  return servedAssets({
    modules: url('client/'),
    modulePath: (file) => (file === libraryFile ? libraryPath : `/web/${file.replace(/\.ts$/, '.js')}`),
    files: new Map([
      ['/', url('static/index.html')],
      ['/web/page.css', url('static/page.css')],
      ['/favicon.svg', url('static/favicon.svg')],
    ]),
    contentSecurityPolicy,
    // Modules are public and carry nobody's data: an app on another origin may import them.
    moduleHeaders: { 'Access-Control-Allow-Origin': '*' },
  });
}

function url(relative: string): URL {
  return new URL(relative, import.meta.url);
}
