import { describe, expect, it } from 'vitest';
import { createStatusPage } from '../../src/admin/page.ts';
import { adminWorld } from '../support/admin-world.ts';
import { fileAt } from '../support/source-files.ts';

const page = createStatusPage();
const text = (path: string) => Buffer.from(page.serve('GET', path)?.body ?? []).toString('utf8');
const modules = page.paths.filter((path) => path.endsWith('.js'));

describe('the status page', () => {
  it('is at the root of the admin port, for anyone: it holds nothing', async () => {
    await using world = await adminWorld();
    const response = await fetch(`${world.admin.url}/`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(world.audit.entries).toEqual([]);
    const etag = response.headers.get('etag') ?? '';
    expect((await fetch(`${world.admin.url}/`, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await fetch(`${world.admin.url}/`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${world.admin.url}/page/../package.json`)).status).toBe(404);
  });

  it('runs this origin’s own scripts and styles alone, sends nothing elsewhere, and is framed by nobody', () => {
    for (const path of page.paths) {
      const policy = page.serve('GET', path)?.headers['Content-Security-Policy']?.split('; ') ?? [];
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "connect-src 'self'",
          "frame-ancestors 'none'",
        ]),
      );
      expect(policy.join()).not.toMatch(/unsafe|\*|https?:|data:/);
    }
  });

  it('names no resource of anybody else', () => {
    const named = [...text('/').matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address ?? '');
    expect(named.filter((address) => !address.startsWith('/') && address !== '#main')).toEqual([]);
    for (const address of named.filter((each) => each.startsWith('/'))) expect(page.paths).toContain(address);
    expect(text('/')).not.toMatch(/ style=|<style|<script(?! type="module" src)|\son\w+=/);
  });

  it.each(modules)('%s imports what is served, and nothing else', (path) => {
    const imports = [...text(path).matchAll(/^import .* from '([^']+)'/gm)].map(([, each]) => each ?? '');
    for (const each of imports) expect(page.paths).toContain(new URL(each, `http://x${path}`).pathname);
  });

  it('keeps the credential out of addresses, and in the tab', () => {
    const code = modules
      .filter((path) => !path.endsWith('uplot.js'))
      .map(text)
      .join('\n');
    expect(code).not.toMatch(/localStorage|document\.cookie|innerHTML|eval\(/);
    expect(code).not.toMatch(/[?&](?:access_)?token=/);
  });

  it('is contrasted well enough to be read, in light and in dark', () => {
    const css = fileAt('src/admin/static/page.css').text;
    const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
    for (const scheme of [light, dark.slice(0, dark.indexOf('}'))]) {
      const color = (name: string) => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(scheme)?.[1] ?? '';
      for (const [ink, paper] of [
        ['ink', 'card'],
        ['quiet', 'card'],
        ['quiet', 'paper'],
        ['good', 'good-wash'],
        ['warn', 'warn-wash'],
        ['bad', 'bad-wash'],
        ['on-button', 'button'],
      ] as const) {
        expect([ink, paper, contrast(color(ink), color(paper)) >= 4.5]).toEqual([ink, paper, true]);
      }
    }
  });
});

/** WCAG 2.2: the relation of two luminances. */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
