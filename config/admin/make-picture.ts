import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { grants } from '../../src/cli/demo/households.ts';
import { launchChromium, liveViewPage, showLiveView, stateReached } from '../../test/support/browser.ts';
import { ownAdmin, ownCredential } from '../../test/support/own-admin.ts';
import { runningRelay } from '../../test/support/running-relay.ts';

// Makes the README's picture of the status page anew: `node config/admin/make-picture.ts [seconds] [folder]`. A relay with the demo's
// cameras runs that long, people come and go, some are refused, and the page is looked at in light, in dark, and on a telephone.
const [seconds = '100', folder = import.meta.dirname] = process.argv.slice(2);
await using relay = await runningRelay({ environment: { LATCHKEY_ADMISSION_LAG_MS_MAX: '10000' } });
const ask = ownAdmin(relay);
for (const { subject, device, role } of grants) await relay.grant(subject, device, role);
const devices = [...new Set(grants.map(({ device }) => device))];
const [spare] = await Promise.all(devices.toReversed().map((device) => relay.camera(device)));
await ask('PUT', '/v1/switches/sharing', { body: { position: 'off-for', prefixes: ['hall-'] } });
await ask('POST', '/v1/revocations', { body: { of: 'device', device: 'hall-7' } });

const browser = await launchChromium();
await using _ = { [Symbol.asyncDispose]: () => browser.close() };
const endMs = Date.now() + Number(seconds) * 1000;
for (let round = 0; Date.now() < endMs; round++) {
  const page = await liveViewPage(browser, relay.url);
  for (const { subject, device } of grants.slice(round % 3, 4)) {
    await showLiveView(page, device, await relay.token('viewer', subject));
    await stateReached(page, device, 'live');
    await page.waitForTimeout(2_000);
    await page.evaluate((id) => document.getElementById(id)?.setAttribute('id', `${id}-seen`), device);
  }
  await showLiveView(page, devices[round % 2] ?? '', await relay.token('viewer', 'chloe'));
  await page.waitForTimeout(Math.min(9_000, Number(seconds) * 250));
  if (Date.now() < endMs) await page.close();
  if (round === 2) await spare?.close();
}

for (const [name, colorScheme, width, height] of [
  ['status', 'light', 1_280, 1_010],
  ['status-dark', 'dark', 1_280, 1_010],
  ['status-phone', 'light', 390, 844],
] as const) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height } });
  const page = await context.newPage();
  page.on('pageerror', (error) => process.stderr.write(`${error.stack}\n`));
  await page.goto(relay.server.adminUrl);
  await page.getByLabel('Credential').fill(ownCredential(relay));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('img', { name: /^Memory/ }).waitFor();
  await page.waitForTimeout(3_000);
  writeFileSync(join(folder, `${name}.png`), await page.screenshot({ fullPage: true }));
  await context.close();
}
