import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/browser.ts';
import { command, startedCommand } from '../support/command.ts';

let demo: Awaited<ReturnType<typeof startedCommand>>;
let browser: Browser;
let url: string;

const environment = {
  LATCHKEY_DATA_DIRECTORY: mkdtempSync(join(tmpdir(), 'latchkey-page-')),
  LATCHKEY_HTTP_PORT: '0',
  LATCHKEY_RELAY_PORT: '0',
  LATCHKEY_OPERATIONS_PORT: '0',
  LATCHKEY_ADMIN_PORT: '0',
};

beforeAll(async () => {
  demo = await startedCommand(['serve', '--config', 'config/demo.json'], /Stop: Ctrl-C/, environment);
  url = demo.lines.map((line) => /Open\s+(http:\S+?)\/$/.exec(line)?.[1]).find((found) => found !== undefined) ?? '';
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  expect(await demo.stop('SIGINT')).toBe(0);
});

/** A page of its own, which may not log an error or break its content security policy. */
async function opened(path: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`${url}${path}`);
  return { page, complaints };
}

/** `latchkey own` on the demo's owners. */
async function own(...words: string[]): Promise<void> {
  expect(await command(['own', ...words, '--config', 'config/demo.json'], environment)).toMatchObject({ code: 0 });
}

const tile = (page: Page, device: string) => page.locator(`.tile[data-device="${device}"]`);

describe('the page', () => {
  it('offers the people of the demo, and signs in whom one chooses', async () => {
    const { page, complaints } = await opened('/');
    await page.getByRole('button', { name: /^Alice/ }).click();
    await page.getByRole('heading', { name: 'Alice’s cameras' }).waitFor();
    await tile(page, 'maple-garden').getByText('Online').waitFor();
    expect(await page.locator('.tile[data-device]').count()).toBe(4);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('shows the camera that one clicks, by keyboard as well', async () => {
    const { page, complaints } = await opened('/#as=chloe');
    const nursery = tile(page, 'harbour-nursery');
    await nursery.getByText('Online').waitFor();
    await nursery.getByRole('button', { name: 'Watch: Nursery' }).focus();
    await page.keyboard.press('Enter');
    await nursery.locator('live-view[state="live"]').waitFor();
    expect(
      await nursery
        .locator('live-view')
        .evaluate((view) => (view as HTMLElement & { video: HTMLVideoElement }).video.muted),
    ).toBe(true);
    await page.keyboard.press('m');
    expect(
      await nursery
        .locator('live-view')
        .evaluate((view) => (view as HTMLElement & { video: HTMLVideoElement }).video.muted),
    ).toBe(false);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('shows the refusal of a camera that is not one’s own, as such', async () => {
    const { page } = await opened('/#as=dan');
    await page.getByText('No camera is yours').waitFor();
    const garden = tile(page, 'maple-garden');
    await garden.getByRole('button', { name: 'Try to watch: Garden' }).click();
    await garden.getByText('Not yours: the relay refused. Nothing was sent.').waitFor();
    await garden.locator('live-view[state="not-allowed"]').waitFor();
    await page.close();
  });

  it('takes a token out of the address bar before anything else', async () => {
    const response = await fetch(`${url}/demo/sign-in`, { method: 'POST', body: JSON.stringify({ person: 'ben' }) });
    const { token } = (await response.json()) as { token: string };
    const { page } = await opened(`/#token=${token}`);
    await tile(page, 'maple-front-door').getByText('Shared with you').waitFor();
    expect(page.url()).toBe(`${url}/`);
    await page.close();
  });

  it.each([
    ['/#as=nobody', 'This sign-in link names nobody who is known here.'],
    ['/#token=worthless', 'The token is not a signed JWT.'],
  ])('says first why it did not sign in (%s)', async (path, words) => {
    const { page } = await opened(path);
    await page.getByRole('heading', { name: 'Your cameras, and nobody else’s.' }).waitFor();
    const first = page.locator('#main > div > :first-child');
    await first.and(page.getByRole('alert')).waitFor();
    expect(await first.textContent()).toContain(words);
    await page.close();
  });

  it('says that a permission was taken back, where the picture was, until one closes it', async () => {
    await own('grant', 'dan', 'harbour-nursery');
    const { page } = await opened('/#as=dan');
    const nursery = page.locator('.tile').filter({ has: page.getByRole('button', { name: 'Close Nursery' }) });
    await page.getByRole('button', { name: 'Watch: Nursery', exact: true }).click();
    await nursery.locator('live-view[state="live"]').waitFor();
    await own('revoke', 'dan', 'harbour-nursery');
    await nursery.getByRole('alert').getByText('Your permission to watch was taken back.').waitFor();
    expect(await page.locator('live-view, video').count()).toBe(0);
    // The list after the one that took it away leaves the words where they are.
    await page.waitForResponse(`${url}/devices`);
    await page.waitForResponse(`${url}/devices`);
    expect(await nursery.getByText('taken back').count()).toBe(1);
    expect(await nursery.getByText('Online').count()).toBe(0);
    await nursery.getByRole('button', { name: 'Close Nursery' }).click();
    await page.getByText('No camera is yours').waitFor();
    expect(await page.getByText('taken back').count()).toBe(0);
    await page.close();
  });

  it('calls no camera online while the relay does not say so', async () => {
    const { page } = await opened('/#as=alice');
    const garden = tile(page, 'maple-garden');
    await garden.getByText('Online').waitFor();
    await page.route('**/devices', (route) => route.abort());
    await garden.getByText('State unknown').waitFor();
    expect(await page.getByText('Online').count()).toBe(0);
    await page.unroute('**/devices');
    await garden.getByText('Online').waitFor();
    await page.close();
  });

  it('calls a camera offline as soon as its view learns so, before the next list', async () => {
    await own('grant', 'dan', 'bench');
    const camera = await startedCommand(
      ['camera', 'pattern', '--as', 'bench', '--relay', url, '--json', '--subject', 'dan'],
      /"registered"/,
      environment,
    );
    const { page } = await opened('/#as=dan');
    const bench = tile(page, 'bench');
    await bench.getByRole('button', { name: /^Watch/ }).click();
    await bench.locator('live-view[state="live"]').waitFor();
    // No other list comes: what the tile learns, it learns of its view.
    await page.route('**/devices', () => {});
    await camera.stop('SIGINT');
    await bench.locator('.state').getByText('Offline').waitFor();
    await page.close();
    await own('revoke', 'dan', 'bench');
  });

  it('draws no frame around itself when a link has signed somebody in', async () => {
    const { page } = await opened('/#as=alice');
    await tile(page, 'maple-garden').waitFor();
    const main = page.locator('#main:focus');
    expect(await main.evaluate((shown) => getComputedStyle(shown).outlineStyle)).toBe('none');
    await page.close();
  });

  it('fits the width of a phone, with the figures on one line and the controls out of the way', async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    const page = await context.newPage();
    await page.goto(`${url}/#as=alice`);
    const garden = tile(page, 'maple-garden');
    await garden.getByRole('button', { name: 'Watch: Garden' }).tap();
    await garden.locator('live-view[state="live"]').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    const figures = garden.locator('.figures');
    await figures.getByText('ms to picture').waitFor();
    expect((await figures.boundingBox())?.height).toBeLessThan(30);
    expect(await figures.evaluate((shown) => shown.scrollWidth - shown.clientWidth)).toBe(0);
    const bar = garden.locator('.bar');
    const opacity = () => bar.evaluate((shown) => getComputedStyle(shown).opacity);
    await bar.evaluate((shown) => Promise.all(shown.getAnimations().map(({ finished }) => finished)));
    expect(await opacity()).toBe('0');
    const isMuted = () =>
      garden.locator('live-view').evaluate((view) => (view as HTMLElement & { muted: boolean }).muted);
    const sound = await garden.locator('[data-does=sound]').boundingBox();
    const touchSound = () => page.touchscreen.tap((sound?.x ?? 0) + 8, (sound?.y ?? 0) + 8);
    await touchSound();
    expect([await opacity(), await isMuted()]).toEqual(['1', true]);
    await touchSound();
    expect(await isMuted()).toBe(false);
    await context.close();
  });
});
