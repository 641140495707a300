import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import type { OwnershipSource } from '../../src/ownership/index.ts';
import { launchChromium } from '../support/browser.ts';
import { ownAdmin, ownCredential } from '../support/own-admin.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

let isMixedUp = false;
/** A source that is right until it mixes up its answers. */
const source: OwnershipSource = {
  name: 'mixed-up',
  ask: async (question) => ({
    ...question,
    ...(isMixedUp && { device: deviceId('somebody-elses') }),
    role: 'owner',
    notAfterMs: undefined,
    version: '1',
  }),
  devicesOf: async () => [],
  close: async () => {},
};

let browser: Browser;
let relay: RunningRelay;
let credential: string;
const told: string[] = [];

beforeAll(async () => {
  relay = await runningRelay({ parts: { source }, environment: { LATCHKEY_ADMISSION_LAG_MS_MAX: '10000' } });
  await relay.camera('maple-garden');
  credential = ownCredential(relay);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

/** The page in a tab of its own, which may not log an error or break its content security policy. */
async function opened(width = 1_280, at = relay): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => told.push(request.url()));
  page.on('response', async (response) => {
    if (response.url().includes('/v1/')) told.push(await response.text().catch(() => ''));
  });
  await page.goto(at.server.adminUrl);
  return { page, complaints };
}

async function signIn(page: Page, shown = credential): Promise<void> {
  await page.getByLabel('Credential').fill(shown);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The most live views in any sample that the node has kept. */
async function rememberedViews(): Promise<number> {
  const headers = { authorization: `Bearer ${credential}` };
  const answer = await fetch(`${relay.server.adminUrl}/v1/status/history`, { headers });
  const { columns, rows } = (await answer.json()) as { columns: string[]; rows: number[][] };
  return Math.max(0, ...rows.map((row) => row[columns.indexOf('sessions')] ?? 0));
}

const figure = (page: Page, name: string) => page.locator(`[data-figure="${name}"]`);

describe('the status page', () => {
  it('lets nobody in with a wrong credential, and says so', async () => {
    const { page } = await opened();
    await signIn(page, 'x'.repeat(40));
    await page.getByRole('alert').filter({ hasText: 'without a credential that it knows' }).waitFor();
    expect(await page.locator('#status').isVisible()).toBe(false);
    await page.close();
  });

  it('signs in, stays signed in within its tab, and forgets when one signs out', async () => {
    const { page, complaints } = await opened();
    await signIn(page, ` "${credential}" `);
    await page.getByText('ready', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('ready', { exact: true }).waitFor();
    expect(page.url()).toBe(`${relay.server.adminUrl}/`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Credential').waitFor();
    await page.reload();
    await page.getByLabel('Credential').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('has figures that move when a live view opens, and when it ends', async () => {
    const { page, complaints } = await opened();
    await signIn(page);
    await figure(page, 'cameras')
      .and(page.getByText('1', { exact: true }))
      .waitFor();
    await figure(page, 'sessions')
      .and(page.getByText('0', { exact: true }))
      .waitFor();
    {
      await using viewer = await watching(relay, 'alice', 'maple-garden');
      expect(await viewer.outcome).toBe('frame');
      await figure(page, 'sessions')
        .and(page.getByText('1', { exact: true }))
        .waitFor();
      await page.getByText('1 live · 0 being set up').waitFor();
      await figure(page, 'bits').filter({ hasText: 'bit/s' }).filter({ hasNotText: /^0/ }).waitFor();
      await page.getByRole('img', { name: /^Live views: 1 now, 1 at most/ }).waitFor();
      await expect.poll(rememberedViews, { timeout: 30_000 }).toBe(1);
    }
    await figure(page, 'sessions')
      .and(page.getByText('0', { exact: true }))
      .waitFor();
    await page.getByText('viewer-left').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('shows what was before it was opened', async () => {
    const { page } = await opened();
    await signIn(page);
    await page.getByRole('img', { name: /^Live views: 0 now, 1 at most in ten minutes/ }).waitFor();
    await page.close();
  });

  it('shows what an operator throws, as numbers, and that the record goes on', async () => {
    const { page } = await opened();
    await signIn(page);
    await page.getByRole('listitem').filter({ hasText: 'sharing on' }).waitFor();
    await figure(page, 'quarantined')
      .and(page.getByText('0', { exact: true }))
      .waitFor();
    const entries = async () => Number(await figure(page, 'audit-entries').textContent());
    const [before, head] = [await entries(), await figure(page, 'audit-head').textContent()];
    const ask = ownAdmin(relay);
    await ask('POST', '/v1/revocations', { body: { of: 'device', device: 'hall-7' } });
    await ask('PUT', '/v1/switches/sharing', { body: { position: 'off-for', prefixes: ['hall-'] } });
    await page.getByRole('listitem').filter({ hasText: 'sharing off for some' }).waitFor();
    await figure(page, 'quarantined')
      .and(page.getByText('1', { exact: true }))
      .waitFor();
    await figure(page, 'revocations')
      .and(page.getByText('1', { exact: true }))
      .waitFor();
    await expect.poll(entries).toBeGreaterThanOrEqual(before + 2);
    expect(await figure(page, 'audit-head').textContent()).not.toBe(head);
    expect(await figure(page, 'audit-head').textContent()).toMatch(/^[0-9a-f]{16}$/);
    await page.close();
  });

  it('says in red that the record cannot be written, for as long as that is so', async () => {
    const { page } = await opened();
    await signIn(page);
    await figure(page, 'audit')
      .and(page.getByText('Written', { exact: true }))
      .waitFor();
    const file = join(relay.settings.dataDirectory, 'audit.sqlite');
    renameSync(file, `${file}.away`);
    await page.getByRole('alert').filter({ hasText: 'The record cannot be written' }).waitFor();
    renameSync(`${file}.away`, file);
    await page.getByText('The record cannot be written').waitFor({ state: 'detached' });
    await page.close();
  });

  it('says that its node drains, above everything else', async () => {
    await using other = await runningRelay();
    const { page } = await opened(1_280, other);
    await signIn(page, ownCredential(other));
    await page.getByText('ready', { exact: true }).waitFor();
    const drained = other.server.drain({ leadSeconds: 600 });
    await page.getByText('draining', { exact: true }).waitFor();
    await page.getByText('Draining: this node takes no new work').waitFor();
    other.server.hasten();
    await drained;
    await page.close();
  });

  it('says that the node does not answer, and goes on when it does', async () => {
    const { page } = await opened();
    await signIn(page);
    await page.getByText('ready', { exact: true }).waitFor();
    await page.route('**/v1/status', (route) => route.abort());
    await page.getByRole('alert').filter({ hasText: 'The node does not answer' }).waitFor();
    await page.getByText('no answer', { exact: true }).waitFor();
    await page.unroute('**/v1/status');
    await page.getByText('ready', { exact: true }).waitFor();
    await page.getByText('The node does not answer').waitFor({ state: 'detached' });
    await page.close();
  });

  it.each([360, 768, 1_280])('fits a screen of %d pixels', async (width) => {
    const { page } = await opened(width);
    await signIn(page);
    await page.getByRole('img', { name: /^Memory/ }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.close();
  });

  it('raises an alarm when answers are mixed up, at the top and in red', async () => {
    const { page, complaints } = await opened();
    await signIn(page);
    await page.getByText('ready', { exact: true }).waitFor();
    isMixedUp = true;
    await using viewer = await watching(relay, 'ben', 'maple-garden');
    expect(await viewer.outcome).not.toBe('frame');
    const alarm = page
      .getByRole('alert')
      .filter({ hasText: 'Alarm: answers that did not belong to their question (source-crossed' });
    await alarm.waitFor();
    const [red, box] = [await alarm.evaluate((element) => getComputedStyle(element).color), await alarm.boundingBox()];
    expect([red, (box?.y ?? 900) < 200]).toEqual(['rgb(160, 48, 31)', true]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('has nobody’s name on it, nor in anything that it was told, and no credential in an address', async () => {
    const { page } = await opened();
    await signIn(page);
    await page.getByText('source-crossed').waitFor();
    const everything = [await page.content(), ...told].join('\n');
    expect(told.length).toBeGreaterThan(20);
    expect(everything).not.toMatch(/maple|alice|\bben\b|hall-|somebody/);
    expect(everything).not.toContain(credential);
    await page.close();
  });
});
