import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endReasons } from '../../src/base/index.ts';
import { launchChromium } from '../support/browser.ts';
import { pageViewer } from '../support/page-viewer.ts';
import { runningRelay } from '../support/running-relay.ts';
import { balanced } from '../support/tcp-balancer.ts';
import { actsOnRecord, operated, operator, recordAgrees } from '../support/told-record.ts';

const [garden, driveway] = ['maple-garden', 'harbour-driveway'] as const;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-ends-picture-'));
const tokenFile = join(folder, 'operators');
/** A machine that is busy with other tests is no reason to send a camera away. */
const patient = { LATCHKEY_ADMIN_TOKEN_FILE: tokenFile, LATCHKEY_ADMISSION_LAG_MS_MAX: '10000' };
let browser: Browser;

beforeAll(async () => {
  writeFileSync(tokenFile, `${operator.name}:${operator.token}\n`);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('while the picture moves in a browser,', () => {
  it('its time runs out with its token, and with the longest that a view may last: each in words, and on record', async () => {
    const bounds = { LATCHKEY_IDENTITY_CLOCK_TOLERANCE_SECONDS: '0', LATCHKEY_SESSIONS_LIFETIME_SECONDS_MAX: '14' };
    await using relay = await runningRelay({ environment: { ...patient, ...bounds } });
    await relay.grant('alice', garden);
    await relay.grant('ben', garden, 'viewer');
    await relay.camera(garden);
    const watches = async (subject: string, seconds?: number) =>
      pageViewer(browser, relay.url, garden, await relay.token('viewer', subject, seconds));
    await using alice = await watches('alice', 8);
    await using ben = await watches('ben');

    const expired = await alice.state('expired');
    expect(expired).toMatchObject({
      reason: 'expired',
      words: endReasons.expired,
      picture: false,
      button: 'Try again',
    });
    await alice.page.locator('.tile').getByText(endReasons.expired).waitFor();
    await ben.goesOn();
    expect(await alice.inPicture()).toBeUndefined();

    await using again = await watches('alice');
    const over = await ben.state('failed');
    expect(over).toMatchObject({
      reason: 'time-limit',
      words: endReasons['time-limit'],
      picture: false,
      button: 'Watch again',
      retryAfterMs: undefined,
    });
    await again.goesOn();
    expect(await again.inPicture()).toBe(garden);
    const seen = await Promise.all([alice.seen(), ben.seen()]);
    for (const [at, words] of [expired, over].entries()) {
      expect(seen[at]?.framesAtMs.filter((ms) => ms > words.atMs)).toEqual([]);
    }
    const happened = { device: garden, thrownAtMs: undefined };
    await recordAgrees(relay, alice, { ...happened, subject: 'alice', reason: 'expired', words: expired });
    await recordAgrees(relay, ben, { ...happened, subject: 'ben', reason: 'time-limit', words: over });
    await ben.page.getByRole('button', { name: 'Watch again' }).click();
    await ben.goesOn();
    expect(await ben.inPicture()).toBe(garden);
  });

  it('its relay is drained: the page says so, and goes on by itself at another; both views are on record', async () => {
    const settings = {
      ...patient,
      LATCHKEY_DRAIN_LEAD_SECONDS: '1',
      LATCHKEY_DRAIN_SESSIONS_SECONDS_MAX: '0',
    };
    await using first = await runningRelay({ environment: settings });
    await using second = await runningRelay({ environment: settings, beside: first });
    await using balancer = await balanced([first, second]);
    const { url } = balancer;
    await first.grant('alice', garden);
    await first.grant('ben', driveway);
    await first.camera(garden, { relay: url });
    await second.camera(driveway);
    await using alice = await pageViewer(browser, url, garden, await first.token('viewer', 'alice'));
    await using ben = await pageViewer(browser, second.url, driveway, await first.token('viewer', 'ben'));
    expect(await first.metric('latchkey_sessions')).toBe(1);

    const thrownAtMs = Date.now();
    await operated(first, 'drain', '--over', '1s');
    const words = await alice.state('reconnecting');
    expect(words).toMatchObject({ reason: 'relay-moving', words: endReasons['relay-moving'], button: undefined });
    expect(words.retryAfterMs).toBeDefined();
    const { states } = await alice.seen();
    await alice.state('live', states.findIndex(({ name }) => name === 'reconnecting') + 1);
    await alice.goesOn();
    await ben.goesOn();
    expect([await alice.inPicture(), await ben.inPicture()]).toEqual([garden, driveway]);
    expect((await ben.seen()).states.map(({ name }) => name)).toEqual(['connecting', 'live']);
    expect(await second.metric('latchkey_sessions')).toBe(2);
    await recordAgrees(first, alice, { subject: 'alice', device: garden, reason: 'relay-moving', thrownAtMs, words });
    expect(await actsOnRecord(first)).toContain(`${operator.name} admin.drain  done`);
  });
});
