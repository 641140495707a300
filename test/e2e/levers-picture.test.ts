import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeJwt } from 'jose';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EndReason, endReasons } from '../../src/base/index.ts';
import { launchChromium } from '../support/browser.ts';
import { type PageViewer, pageViewer } from '../support/page-viewer.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { actsOnRecord, operated, operator, recordAgrees } from '../support/told-record.ts';

const [garden, driveway] = ['maple-garden', 'harbour-driveway'] as const;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-levers-picture-'));
const tokenFile = join(folder, 'operators');
let relay: RunningRelay;
let browser: Browser;
/** Alice, before the picture of another camera of hers. */
let elsewhere: PageViewer;

beforeAll(async () => {
  writeFileSync(tokenFile, `${operator.name}:${operator.token}\n`);
  // A machine that is busy with other tests is no reason to send a camera away.
  relay = await runningRelay({
    environment: { LATCHKEY_ADMIN_TOKEN_FILE: tokenFile, LATCHKEY_ADMISSION_LAG_MS_MAX: '10000' },
  });
  await relay.grant('alice', garden);
  await relay.grant('alice', driveway);
  await relay.grant('ben', garden, 'viewer');
  await relay.grant('dan', driveway, 'viewer');
  await Promise.all([relay.camera(garden), relay.camera(driveway)]);
  browser = await launchChromium();
  elsewhere = await watches('alice', driveway);
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function watches(subject: string, device: string, token?: string): Promise<PageViewer> {
  return pageViewer(browser, relay.url, device, token ?? (await relay.token('viewer', subject)));
}

interface Expected {
  readonly subject: string;
  readonly device: string;
  readonly reason: EndReason;
  readonly shows: string;
  /** The button that the person finds; undefined where the view goes on by itself. */
  readonly button: string | undefined;
}

/**
 * Throws a lever while `hit` and `spared` watch: the picture of the one ends, for a reason in words, and for good; that of the other goes
 * on. What it gives holds the record against that.
 */
async function thrown(throwIt: () => Promise<unknown>, hit: PageViewer, spared: PageViewer, expected: Expected) {
  const { subject, device, reason, shows, button } = expected;
  expect([await hit.inPicture(), await spared.inPicture()]).toEqual([device, expect.any(String)]);
  const thrownAtMs = Date.now();
  await throwIt();
  const words = await hit.state(shows);
  expect(words).toMatchObject({ reason, words: endReasons[reason], picture: false });
  expect([words.button, words.retryAfterMs !== undefined]).toEqual([button, button === undefined]);
  await hit.page.locator('.tile').getByText(endReasons[reason]).waitFor();
  await spared.goesOn();
  const { framesAtMs } = await hit.seen();
  expect(framesAtMs.filter((ms) => ms > words.atMs)).toEqual([]);
  expect(await hit.inPicture()).toBeUndefined();
  return { onRecord: () => recordAgrees(relay, hit, { subject, device, reason, thrownAtMs, words }) };
}

describe('thrown while the picture moves in a browser,', () => {
  it('a sign-out ends the picture of one person, and that of another goes on', async () => {
    await using ben = await watches('ben', garden);
    const { onRecord } = await thrown(() => operated(relay, 'revoke', 'subject', 'ben'), ben, elsewhere, {
      subject: 'ben',
      device: garden,
      reason: 'signed-out',
      shows: 'expired',
      button: 'Try again',
    });
    await onRecord();
  });

  it('a token that is taken back ends what rests on it, and not what the same person has by another', async () => {
    const lost = await relay.token('viewer', 'alice');
    await using telephone = await watches('alice', garden, lost);
    const revoke = () => operated(relay, 'revoke', 'token', decodeJwt(lost).jti ?? '');
    const { onRecord } = await thrown(revoke, telephone, elsewhere, {
      subject: 'alice',
      device: garden,
      reason: 'signed-out',
      shows: 'expired',
      button: 'Try again',
    });
    await onRecord();
  });

  it('a switch that takes live view from some cameras ends theirs; thrown back, the picture comes again by itself', async () => {
    await using alice = await watches('alice', garden);
    const off = () => operated(relay, 'switch', 'live-view', 'off', '--prefix', 'maple-');
    const { onRecord } = await thrown(off, alice, elsewhere, {
      subject: 'alice',
      device: garden,
      reason: 'switched-off',
      shows: 'busy',
      button: undefined,
    });
    const { states } = await alice.seen();
    await operated(relay, 'switch', 'live-view', 'on');
    await onRecord();
    await alice.state('live', states.length);
    await alice.goesOn();
    expect(await alice.inPicture()).toBe(garden);
  });

  it('a switch against sharing ends what a guest sees, and not what the owner does', async () => {
    await relay.grant('chloe', driveway, 'viewer');
    await using chloe = await watches('chloe', driveway);
    const { onRecord } = await thrown(() => operated(relay, 'switch', 'sharing', 'off'), chloe, elsewhere, {
      subject: 'chloe',
      device: driveway,
      reason: 'switched-off',
      shows: 'busy',
      button: undefined,
    });
    await operated(relay, 'switch', 'sharing', 'on');
    await onRecord();
  });

  it('a quarantine ends the pictures of one camera, and those of another go on', async () => {
    await using alice = await watches('alice', garden);
    const { onRecord } = await thrown(() => operated(relay, 'revoke', 'device', garden), alice, elsewhere, {
      subject: 'alice',
      device: garden,
      reason: 'quarantined',
      shows: 'failed',
      button: 'Try again',
    });
    await operated(relay, 'release', garden);
    await onRecord();
  });

  it('a camera that changes hands ends the picture of its old owner, and not that of a guest', async () => {
    await using dan = await watches('dan', driveway);
    const transfer = async () => {
      using database = new DatabaseSync(join(relay.settings.dataDirectory, 'ownership.sqlite'));
      database.exec(`UPDATE ownership_grant SET subject = 'erin' WHERE subject = 'alice' AND device = '${driveway}'`);
    };
    const { onRecord } = await thrown(transfer, elsewhere, dan, {
      subject: 'alice',
      device: driveway,
      reason: 'revoked',
      shows: 'not-allowed',
      button: 'Try again',
    });
    await onRecord();

    await using erin = await watches('erin', driveway);
    expect(await erin.inPicture()).toBe(driveway);
  });

  it('a sign-out of everybody ends every picture', async () => {
    await using dan = await watches('dan', driveway);
    await using erin = await watches('erin', driveway);
    const thrownAtMs = Date.now();
    await operated(relay, 'revoke', 'all', '--yes');
    for (const [subject, viewer] of Object.entries({ erin, dan })) {
      const words = await viewer.state('expired');
      expect(words).toMatchObject({ reason: 'signed-out', picture: false, button: 'Try again' });
      await recordAgrees(relay, viewer, { subject, device: driveway, reason: 'signed-out', thrownAtMs, words });
    }
    expect(await relay.metric('latchkey_sessions')).toBe(0);
  });

  it('each of them is on record with the name of whose credential it was', async () => {
    const acts = await actsOnRecord(relay);
    const thrown = acts.filter((act) => !act.includes('admin.who-saw'));
    expect(thrown).toEqual([
      'night-shift admin.revoke ben done',
      expect.stringMatching(/^night-shift admin\.revoke [\w-]{22} done$/),
      'night-shift admin.throw-switch live-view done',
      'night-shift admin.throw-switch live-view done',
      'night-shift admin.throw-switch sharing done',
      'night-shift admin.throw-switch sharing done',
      'night-shift admin.revoke maple-garden done',
      'night-shift admin.release maple-garden done',
      'night-shift admin.revoke  done',
    ]);
  });
});
