import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { servedAssets, type WebAssets } from '../web/index.ts';

/** This origin alone, for everything. Nothing may frame the page, and no form of it goes anywhere. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** The status page, with the library that draws its charts. Throws what the file system or the type stripper throws. */
export function createStatusPage(): WebAssets {
  const charts = pathToFileURL(createRequire(import.meta.url).resolve('uplot'));
  return servedAssets({
    modules: url('client/'),
    modulePath: (file) => `/page/${file.replace(/\.ts$/, '.js')}`,
    packages: new Map([['uplot', '/page/uplot.js']]),
    files: new Map([
      ['/', url('static/index.html')],
      ['/page/page.css', url('static/page.css')],
      ['/page/uplot.js', new URL('uPlot.esm.js', charts)],
      ['/page/uplot.css', new URL('uPlot.min.css', charts)],
      ['/favicon.svg', url('static/favicon.svg')],
    ]),
    contentSecurityPolicy,
  });
}

function url(relative: string): URL {
  return new URL(relative, import.meta.url);
}
