// Who can mount it: whoever was locked out, and waits for the relay to start again.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { deviceId, subjectId } from '../../src/base/index.ts';
import { subprotocol, webSocketPath } from '../../src/protocol/index.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-restart-'));

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(): Promise<RunningRelay> {
  return runningRelay({ environment: { LATCHKEY_DATA_DIRECTORY: folder } });
}

const addressOf = (relay: RunningRelay) => `${relay.url.replace('http', 'ws')}${webSocketPath}`;

async function codeAt(relay: RunningRelay, headers: Record<string, string>): Promise<string> {
  const asked = { headers: { 'Sec-WebSocket-Protocol': subprotocol, ...headers } };
  return JSON.parse((await WebSocketClient.refusal(addressOf(relay), asked)).body).code;
}

async function ticketOf(relay: RunningRelay, headers: Record<string, string>): Promise<string> {
  const client = await WebSocketClient.open(addressOf(relay), [subprotocol], { headers });
  client.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register', params: {} }));
  const { result } = JSON.parse(await client.next());
  client.socket.close();
  await client.closed;
  return result.ticket;
}

it('what was taken back, put in quarantine and switched off is so after a restart, for tokens and tickets of before', async () => {
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  const tokens: Record<'viewer' | 'camera' | 'quarantined', string> = { viewer: '', camera: '', quarantined: '' };
  let ticket = '';
  {
    await using relay = await start();
    tokens.viewer = await relay.token('viewer', 'alice');
    tokens.camera = await relay.token('camera', 'oak-door');
    tokens.quarantined = await relay.token('camera', 'oak-yard');
    ticket = await ticketOf(relay, bearer(tokens.camera));
    await relay.server.levers.revoke({ of: 'subject', subject: subjectId('alice') });
    await relay.server.levers.revoke({ of: 'subject', subject: subjectId('oak-door') });
    await relay.server.levers.revoke({ of: 'device', device: deviceId('oak-yard') });
    await relay.server.levers.throwSwitch('sharing', { position: 'off' });
  }
  await using relay = await start();
  expect(await codeAt(relay, bearer(tokens.viewer))).toBe('token-revoked');
  expect(await codeAt(relay, { 'Latchkey-Ticket': ticket, ...bearer(tokens.camera) })).toBe('token-revoked');
  expect(await codeAt(relay, { 'Latchkey-Ticket': ticket })).toBe('ticket-invalid');
  expect(await codeAt(relay, bearer(tokens.quarantined))).toBe('device-quarantined');
  expect(await relay.metric('latchkey_switch_position', { feature: 'sharing', position: 'off' })).toBe(1);
  expect(await relay.metric('latchkey_quarantined_devices')).toBe(1);
});
