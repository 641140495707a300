import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { deviceId, subjectId } from '../../src/base/index.ts';
import { launchChromium } from '../../test/support/browser.ts';
import { type RunningRelay, runningRelay } from '../../test/support/running-relay.ts';

// Makes the README's picture of what a viewer reads anew: `node config/demo/make-refusals.ts [folder]`. A real relay shows a real picture to
// each of a row of people; then whatever the captions say happens to them, and the page is looked at in light and in dark.
const [folder = import.meta.dirname] = process.argv.slice(2);
const [garden, driveway] = ['maple-garden', 'harbour-driveway'] as const;
const [door, nursery] = ['maple-front-door', 'harbour-nursery'] as const;

interface Case {
  readonly caption: string;
  readonly device: string;
  readonly subject: string;
  /** What the element comes to. */
  readonly state: string;
  readonly tokenSeconds?: number;
  /** There never was a picture. */
  readonly refused?: true;
  act?(relay: RunningRelay): Promise<unknown>;
}

const cases: readonly Case[] = [
  {
    caption: 'Signed out',
    device: garden,
    subject: 'ben',
    state: 'expired',
    act: ({ server }) => server.levers.revoke({ of: 'subject', subject: subjectId('ben') }),
  },
  {
    caption: 'Camera in quarantine',
    device: driveway,
    subject: 'alice',
    state: 'failed',
    act: ({ server }) => server.levers.revoke({ of: 'device', device: deviceId(driveway) }),
  },
  {
    caption: 'Switched off',
    device: door,
    subject: 'alice',
    state: 'busy',
    act: ({ server }) =>
      server.levers.throwSwitch('live-view', { position: 'off-for', prefixes: [], devices: [deviceId(door)] }),
  },
  { caption: 'Not theirs', device: garden, subject: 'dan', state: 'not-allowed', refused: true },
  {
    caption: 'A share taken back',
    device: garden,
    subject: 'chloe',
    state: 'not-allowed',
    act: (relay) => relay.revoke('chloe', garden),
  },
  { caption: 'The token ran out', device: garden, subject: 'alice', state: 'expired', tokenSeconds: 20 },
  { caption: 'The longest time', device: nursery, subject: 'erin', state: 'failed' },
  { caption: 'Camera not connected', device: 'hall', subject: 'alice', state: 'offline', refused: true },
  {
    caption: 'The relay is drained',
    device: nursery,
    subject: 'frank',
    state: 'reconnecting',
    act: ({ server }) => server.drain({ leadSeconds: 0, overSeconds: 1, sessionsSecondsMax: 0 }),
  },
];

const browser = await launchChromium();
await using _ = { [Symbol.asyncDispose]: () => browser.close() };
const [light, dark] = [await pictured(browser, 'light'), await pictured(browser, 'dark')];
writeFileSync(join(folder, 'refusals.png'), await oneBelowTheOther(browser, light, dark));

async function pictured(browser: Browser, colorScheme: 'light' | 'dark'): Promise<Buffer> {
  await using relay = await runningRelay({
    environment: {
      LATCHKEY_IDENTITY_CLOCK_TOLERANCE_SECONDS: '0',
      LATCHKEY_SESSIONS_LIFETIME_SECONDS_MAX: '25',
      LATCHKEY_ADMISSION_LAG_MS_MAX: '10000',
      LATCHKEY_TELEMETRY_LOG_LEVEL: 'silent',
    },
  });
  for (const { subject, device } of cases) if (subject !== 'dan') await relay.grant(subject, device);
  await Promise.all([garden, driveway, door, nursery].map((device) => relay.camera(device)));
  const page = await browser.newPage({ colorScheme, viewport: { width: 1_000, height: 700 }, deviceScaleFactor: 1 });
  await page.addInitScript(canHold);
  await page.goto(relay.url);
  await page.evaluate(() => customElements.whenDefined('live-view').then(() => undefined));
  const tokens = await Promise.all(
    cases.map(({ subject, tokenSeconds = 3_600 }) => relay.token('viewer', subject, tokenSeconds)),
  );
  const drained = cases.length - 1;
  for (const [index, token] of tokens.slice(0, drained).entries()) await show(page, index, token);
  const early = cases.slice(0, drained);
  await Promise.all(early.map(({ refused, state }, index) => reached(page, index, refused ? state : 'live')));
  for (const [index, { act, state }] of early.entries()) {
    await act?.(relay);
    if (act !== undefined) await reached(page, index, state);
  }
  await Promise.all(early.map(({ state }, index) => reached(page, index, state)));
  await show(page, drained, tokens[drained] ?? '');
  await reached(page, drained, 'live');
  await page.evaluate('hold()');
  const over = cases[drained]?.act?.(relay);
  await reached(page, drained, 'reconnecting');
  const whole = await page.locator('main').boundingBox();
  const row = await page.locator('.tile').first().boundingBox();
  if (whole === null || row === null) throw new TypeError('the page has tiles');
  // Of the dark one a row is enough to see.
  const height = colorScheme === 'light' ? whole.height : row.y - whole.y + row.height + 14;
  const picture = await page.screenshot({ animations: 'disabled', clip: { ...whole, height }, fullPage: true });
  await over;
  await page.close();
  return picture;
}

/** Runs in the page: from `hold` on nothing is tried again there, so that the picture can be taken in peace. */
function canHold(): void {
  let held = false;
  const after = window.setTimeout;
  Object.assign(window, {
    setTimeout: (run: () => void, ms?: number) => after(() => held || run(), ms),
    hold: () => {
      held = true;
    },
  });
}

/** A tile as on the relay's own page; the tiles are in the order of the cases. */
async function show(page: Page, index: number, token: string): Promise<void> {
  const { caption = '', device = '' } = cases[index] ?? {};
  await page.evaluate(
    ([at, words, id, jwt]) => {
      const main = document.querySelector('main');
      let tiles = main?.querySelector<HTMLElement>('.tiles.refusals');
      if (!tiles) {
        tiles = document.createElement('div');
        tiles.className = 'tiles refusals';
        tiles.style.gridTemplateColumns = 'repeat(3, 1fr)';
        main?.replaceChildren(tiles);
      }
      const flat = new CSSStyleSheet();
      flat.replaceSync('live-view::part(stage) { background: #10171c } main { padding-block: 14px }');
      document.adoptedStyleSheets = [flat];
      const tile = document.createElement('article');
      tile.className = 'tile';
      tile.style.order = at;
      const view = document.createElement('live-view');
      view.id = `case-${at}`;
      view.setAttribute('device', id);
      view.setAttribute('token', jwt);
      const below = document.createElement('div');
      below.className = 'caption';
      below.append(Object.assign(document.createElement('h3'), { textContent: words }));
      tile.append(view, below);
      tiles.append(tile);
    },
    [String(index), caption, device, token] as const,
  );
}

async function reached(page: Page, index: number, state: string): Promise<void> {
  await page.locator(`#case-${index}[state=${state}]`).waitFor();
}

async function oneBelowTheOther(browser: Browser, ...pictures: readonly Buffer[]): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 1_000, height: 100 } });
  const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`);
  await page.setContent(`<body style="margin:0;display:grid;width:max-content">${images.join('')}</body>`);
  return page.locator('body').screenshot();
}
