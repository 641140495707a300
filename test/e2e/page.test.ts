import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/browser.ts';
import { startedCommand } from '../support/command.ts';

let demo: Awaited<ReturnType<typeof startedCommand>>;
let browser: Browser;
let url: string;

beforeAll(async () => {
  demo = await startedCommand(['serve', '--config', 'config/demo.json'], /Stop: Ctrl-C/, {
    LATCHKEY_DATA_DIRECTORY: mkdtempSync(join(tmpdir(), 'latchkey-page-')),
    LATCHKEY_HTTP_PORT: '0',
    LATCHKEY_RELAY_PORT: '0',
    LATCHKEY_OPERATIONS_PORT: '0',
  });
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

  it('fits the width of a phone', async () => {
    const { page } = await opened('/#as=alice');
    await page.setViewportSize({ width: 360, height: 740 });
    await tile(page, 'maple-garden').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.close();
  });
});
