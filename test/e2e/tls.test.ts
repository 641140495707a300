import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/index.ts';
import { startCamera } from '../../src/camera/index.ts';
import { listDevices } from '../../src/viewer/index.ts';
import {
  deviceInPicture,
  framesGoOn,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { command } from '../support/command.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { selfSigned } from '../support/self-signed.ts';
import { watching } from '../support/watching.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
const caFile = join(folder, 'certificate.pem');
const otherCaFile = join(folder, 'other.pem');
const clip = { kind: 'clip', path: join('config', 'demo', 'maple-garden') } as const;
let relay: RunningRelay;
/** By the name that the certificate has. */
let url: string;

beforeAll(async () => {
  const { certificate, key } = selfSigned();
  const keyFile = join(folder, 'key.pem');
  writeFileSync(caFile, certificate);
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(otherCaFile, selfSigned().certificate);
  const tls = JSON.stringify({ certificateFile: caFile, keyFile });
  relay = await runningRelay({ environment: { LATCHKEY_HTTP_TLS: tls } });
  url = `https://localhost:${relay.server.httpPort}`;
  await relay.grant('alice', 'maple-garden');
  await relay.camera('maple-garden', { relay: url.replace('https:', 'wss:'), caFile });
});

afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** A certificate that no list has, one of somebody else's list, and one of another name. */
const distrusted = [
  ['without its CA', undefined, 'localhost', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['with the CA of another', otherCaFile, 'localhost', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['under a name that its certificate has not', caFile, '127.0.0.1', 'ERR_TLS_CERT_ALTNAME_INVALID'],
] as const;

describe('a relay that serves TLS', () => {
  it.each(['https:', 'wss:'])('is reached by camera and viewer over %s with its CA', async (scheme) => {
    await using alice = await watching(relay, 'alice', 'maple-garden', {
      relay: url.replace('https:', scheme),
      caFile,
    });
    expect(await alice.outcome).toBe('frame');
  });

  it.each(distrusted)('is no relay to a viewer %s', async (_, ca, host, why) => {
    const address = url.replace('localhost', host);
    await using alice = await watching(relay, 'alice', 'maple-garden', { relay: address, caFile: ca });
    await expect(alice.view.firstFrame).rejects.toMatchObject({ code: 'relay-unreachable', detail: why });
    const question = { relay: address, token: await relay.token('viewer', 'alice'), caFile: ca };
    await expect(listDevices(question, systemClock)).rejects.toMatchObject({ code: 'relay-unreachable', detail: why });
  });

  it.each(distrusted)('is no relay to a camera %s, which says why', async (_, ca, host, why) => {
    const told = Promise.withResolvers<unknown[]>();
    const camera = startCamera(
      {
        relay: url.replace('localhost', host),
        caFile: ca,
        token: () => relay.token('camera', 'maple-front-door'),
        source: clip,
      },
      { clock: systemClock, random: systemRandom },
      {
        registered: (device) => told.resolve([device]),
        disconnected: (code, _retryMs, detail) => told.resolve([code, detail]),
      },
    );
    expect(await told.promise).toEqual(['relay-unreachable', why]);
    expect(camera.device).toBeUndefined();
    await camera.close();
  });

  it('lists its cameras, and is watched, by the command with --ca; without it the command says why', async () => {
    const token = await relay.token('viewer', 'alice');
    const run = (...words: string[]) => command(['view', ...words, '--relay', url], { LATCHKEY_TOKEN: token });
    const listed = await run('--list', '--json', '--ca', caFile);
    expect(JSON.parse(listed.output).devices).toEqual([
      expect.objectContaining({ id: 'maple-garden', state: 'online' }),
    ]);
    expect((await run('maple-garden', '--seconds', '1', '--ca', caFile)).code).toBe(0);
    for (const words of [['--list'], ['maple-garden']]) {
      const { code, errors } = await run(...words);
      expect([code, errors]).toEqual([5, expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT')]);
    }
  });

  it('shows the camera in a browser', async () => {
    const browser = await launchChromium();
    const page = await liveViewPage(await browser.newContext({ ignoreHTTPSErrors: true }), url);
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    expect(await page.evaluate(() => location.protocol)).toBe('https:');
    await browser.close();
  });
});
