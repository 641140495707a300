import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  deviceInPicture,
  framesDecoded,
  framesGoOn,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { startedCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { NoticeSocket } from '../support/notice-socket.ts';
import { runningRelay } from '../support/running-relay.ts';
import { selfSigned } from '../support/self-signed.ts';
import { balanced } from '../support/tcp-balancer.ts';
import { watching } from '../support/watching.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-draining-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const device = 'maple-garden';

describe('a relay that is drained', () => {
  it('says so at /readyz first, and lets in whoever comes all the same', async () => {
    await using relay = await runningRelay();
    const readyz = () => fetch(`http://127.0.0.1:${relay.server.operationsPort}/readyz`);
    expect((await readyz()).status).toBe(200);
    const drained = relay.server.drain({ leadSeconds: 600 });
    const answer = await readyz();
    expect([answer.status, await answer.text()]).toEqual([503, 'draining\n']);
    expect(await relay.metric('latchkey_draining')).toBe(1);
    const camera = await relay.camera(device);
    expect(camera.connected).toBe(true);
    relay.server.hasten();
    await drained;
    expect(await relay.metric('latchkey_drain_moves_total', { kind: 'camera' })).toBe(1);
    expect(await relay.metric('latchkey_registrations_ended_total', { reason: 'moving' })).toBe(1);
  });

  it('hands its cameras and viewers over to another one: the picture goes on by itself', async () => {
    await using first = await runningRelay();
    await using second = await runningRelay({ beside: first });
    await using balancer = await balanced([first, second]);
    const { url } = balancer;
    await first.grant('alice', device);
    const camera = await first.camera(device, { relay: url });
    await using alice = await watching(first, 'alice', device, { relay: url });
    expect(await alice.outcome).toBe('frame');
    await using browser = await launchChromium();
    const page = await liveViewPage(browser, url);
    await showLiveView(page, device, await first.token('viewer', 'alice'));
    await stateReached(page, device, 'live');
    await page.evaluate((id) => {
      const states: string[] = [];
      document.getElementById(id)?.addEventListener('statechange', (event) => {
        states.push((event as CustomEvent<{ name: string }>).detail.name);
      });
      Object.assign(globalThis, { states });
    }, device);
    let ended: string | undefined;
    void alice.view.ended.then((reason) => {
      ended = reason;
    });
    const drained = first.server.drain({ leadSeconds: 1, overSeconds: 1, sessionsSecondsMax: 0 });
    await drained;
    await expect.poll(() => alice.view.state, { timeout: 60_000 }).toBe('watching');
    const seen = alice.frames.length;
    await expect.poll(() => alice.frames.length, { timeout: 60_000 }).toBeGreaterThan(seen + 10);
    expect([ended, camera.connected]).toEqual([undefined, true]);
    await expect.poll(() => second.metric('latchkey_sessions'), { timeout: 60_000 }).toBe(2);
    await stateReached(page, device, 'live');
    await framesGoOn(page, device, await framesDecoded(page, device), 10);
    expect(await deviceInPicture(page, device)).toBe(device);
    const states = await page.evaluate(() => Reflect.get(globalThis, 'states') as string[]);
    expect(new Set(states)).toEqual(new Set(['reconnecting', 'live']));
    expect(await first.metric('latchkey_sessions')).toBe(0);
    expect(await first.metric('latchkey_sessions_ended_total', { reason: 'relay-moving' })).toBe(2);
  });
});

describe('a relay’s process under a service manager', () => {
  it('takes new settings and a new certificate without dropping anybody, refuses bad ones, and ends at SIGTERM', async () => {
    const files = {
      config: join(folder, 'relay.json'),
      certificate: join(folder, 'tls.pem'),
      key: join(folder, 'key.pem'),
    };
    const certify = () => {
      const { certificate, key } = selfSigned();
      writeFileSync(files.certificate, certificate);
      writeFileSync(files.key, key);
      return certificate;
    };
    const configure = (more: object) => writeFileSync(files.config, JSON.stringify({ ...settings, ...more }));
    const [port, operations] = [await freePort(), await freePort()];
    const settings = {
      mode: 'development',
      dataDirectory: join(folder, 'served'),
      identity: { developmentIssuer: true },
      http: { host: '127.0.0.1', port, tls: { certificateFile: files.certificate, keyFile: files.key } },
      relay: { host: '127.0.0.1', port: 0, tcpPort: 'off' },
      operations: { port: operations },
      admin: { port: 0 },
      drain: { leadSeconds: 0, overSeconds: 1, sessionsSecondsMax: 0, totalSecondsMax: 5 },
    };
    const notify = `@latchkey-test-${randomBytes(6).toString('hex')}`;
    using manager = new NoticeSocket(notify);
    const metrics = async () => (await fetch(`http://127.0.0.1:${operations}/metrics`)).text();
    const before = certify();
    configure({});
    const relay = await startedCommand(
      ['serve', '--config', files.config],
      /"msg":"ready"/,
      { NOTIFY_SOCKET: notify },
      'errors',
    );
    await expect.poll(() => manager.received()).toEqual(['READY=1\nSTATUS=Serving']);
    const url = `wss://localhost:${port}/webrtc`;
    const old = await WebSocketClient.open(url, ['webrtc.onvif.org'], { ca: before });

    const after = certify();
    configure({ sessions: { perDeviceMax: 3 }, operations: { port: operations + 1 } });
    relay.signal('SIGHUP');
    await relay.said(/settings were read again/);
    await expect.poll(() => manager.received().length).toBe(3);
    expect(manager.received()[1]).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+\n/);
    expect(manager.received()[2]).toMatch(/^READY=1\n.*a new start is needed for operations\.port$/s);
    const fresh = await WebSocketClient.open(url, ['webrtc.onvif.org'], { ca: after });
    expect(old.socket.readyState).toBe(old.socket.OPEN);

    writeFileSync(files.key, readFileSync(files.certificate));
    relay.signal('SIGHUP');
    await relay.said(/http\.tls.*nothing has changed/);
    await (await WebSocketClient.open(url, ['webrtc.onvif.org'], { ca: after })).socket.terminate();
    expect(await metrics()).toMatch(/latchkey_reloads_total\{outcome="refused"\} 1\n/);
    expect(await metrics()).toMatch(/latchkey_reloads_total\{outcome="taken"\} 1\n/);
    await expect.poll(() => manager.received().length).toBe(5);

    expect(await relay.stop('SIGTERM')).toBe(0);
    for (const client of [old, fresh]) expect(await client.closed).toEqual({ code: 1012, reason: 'relay-moving' });
    const [stopping, extended] = manager.received().slice(5);
    expect(stopping).toMatch(/^STOPPING=1\nSTATUS=Moving everybody elsewhere/);
    expect(extended).toMatch(/^EXTEND_TIMEOUT_USEC=\d+$/);
  });
});
