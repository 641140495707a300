import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/index.ts';
import { certificateEnd, readingsOf } from '../../src/wiring/readings.ts';
import { selfSigned } from '../support/self-signed.ts';
import { signalingWorld } from '../support/signaling-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-certificate-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the end of the public port’s certificate', () => {
  it('is read from its file', () => {
    const file = join(folder, 'certificate.pem');
    writeFileSync(file, selfSigned().certificate);
    expect(certificateEnd(file)).toBe(Date.UTC(2100, 0));
  });

  it('is not known where there is no file, or none that can be read', () => {
    const file = join(folder, 'nonsense.pem');
    writeFileSync(file, 'nonsense');
    expect(certificateEnd(undefined)).toBeUndefined();
    expect(certificateEnd(join(folder, 'nowhere.pem'))).toBeUndefined();
    expect(certificateEnd(file)).toBeUndefined();
  });
});

it('who waits to be served is counted as the transport does at that moment', () => {
  const { signaling, relay, sessions, levers } = signalingWorld();
  const transport = { held: 3 };
  const readings = readingsOf({
    settings: loadSettings('config/demo.json', {}),
    standing: { readiness: 'ready', build: { transport: 'uws', udp: 'none' }, connections: 5 },
    sessions,
    signaling,
    transport,
    relay,
    shared: undefined,
    audit: undefined,
    levers,
    draining: { begun: false },
  });
  expect([readings.connections(), readings.connectionsHeld()]).toEqual([5, 3]);
  transport.held = 0;
  expect(readings.connectionsHeld()).toBe(0);
});
