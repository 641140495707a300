import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceId } from '../../src/base/index.ts';
import { grants } from '../../src/cli/demo/households.ts';
import { MemoryAudit, MemoryLevers } from '../../test/support/admin-world.ts';
import { launchChromium, liveViewPage, showLiveView, stateReached } from '../../test/support/browser.ts';
import { runningRelay } from '../../test/support/running-relay.ts';

// Makes the README's picture of the status page anew: `node config/admin/make-picture.ts [seconds] [folder]`. A relay with the demo's
// cameras runs that long, people come and go, some are refused, and the page is looked at in light, in dark, and on a telephone.
const [seconds = '45', folder = import.meta.dirname] = process.argv.slice(2);
const [levers, audit] = [new MemoryLevers(), new MemoryAudit()];
await using relay = await runningRelay({ parts: { admin: { levers, audit } } });
for (const { subject, device, role } of grants) await relay.grant(subject, device, role);
const devices = [...new Set(grants.map(({ device }) => device))];
const agents = await Promise.all(devices.map((device) => relay.camera(device)));
await levers.throwSwitch('sharing', { position: 'off-for', prefixes: ['hall-'], devices: [] });
await levers.revoke({ of: 'device', device: deviceId('hall-7') });

await using browser = await closing(launchChromium());
const [own, foreign] = [grants[0], grants.at(-1)];
if (own === undefined || foreign === undefined) throw new Error('the demo has grants');
const endMs = Date.now() + Number(seconds) * 1000;
for (let round = 0; Date.now() < endMs; round++) {
  const page = await liveViewPage(browser.it, relay.url);
  for (const { subject, device } of grants.slice(round % 2, 3)) {
    await showLiveView(page, device, await relay.token('viewer', subject));
    await stateReached(page, device, 'live');
  }
  await showLiveView(
    page,
    foreign.device === own.device ? 'nobody' : foreign.device,
    await relay.token('viewer', own.subject),
  );
  await page.waitForTimeout(Math.min(9_000, Number(seconds) * 250));
  if (Date.now() < endMs) await page.close();
  const camera = agents[round % agents.length];
  if (round % 3 === 2) await camera?.close();
}

const token = JSON.parse(readFileSync(join(relay.settings.dataDirectory, 'admin-token'), 'utf8')) as string;
for (const [name, colorScheme, width, height] of [
  ['status', 'light', 1_280, 1_010],
  ['status-dark', 'dark', 1_280, 1_010],
  ['status-phone', 'light', 390, 844],
] as const) {
  const context = await browser.it.newContext({ colorScheme, viewport: { width, height } });
  const page = await context.newPage();
  page.on('console', (message) => process.stderr.write(`${message.text()}\n`));
  page.on('pageerror', (error) => process.stderr.write(`${error.stack}\n`));
  await page.goto(relay.server.adminUrl);
  await page.getByLabel('Credential').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page
    .locator('[data-chart="sessions"] [aria-label*="now"], [data-chart="sessions"] [role="img"][aria-label]')
    .first()
    .waitFor();
  await page.waitForTimeout(3_000);
  writeFileSync(join(folder, `${name}.png`), await page.screenshot({ fullPage: name !== 'status' }));
  await context.close();
}

async function closing<T extends { close(): Promise<void> }>(opened: Promise<T>) {
  const it = await opened;
  return { it, [Symbol.asyncDispose]: () => it.close() };
}
