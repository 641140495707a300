import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { createRevocations } from '../../src/identity/index.ts';
import { subprotocol, webSocketPath } from '../../src/protocol/index.ts';
import { createLog } from '../../src/telemetry/index.ts';
import { type RelayOptions, type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-tickets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A relay whose data directory stays when it is gone, but for one beside another. */
const relayAt = ({ environment, parts, beside }: RelayOptions = {}) =>
  runningRelay({
    environment: {
      ...(beside === undefined && { LATCHKEY_DATA_DIRECTORY: folder }),
      LATCHKEY_RELAY_WORKERS: '1',
      ...environment,
    },
    parts: parts ?? {},
    ...(beside && { beside }),
  });

const addressOf = (relay: RunningRelay) => `${relay.url.replace('http', 'ws')}${webSocketPath}`;

/** Registers a camera that shows these headers, and gives what it was told. */
async function registered(relay: RunningRelay, headers: Record<string, string>) {
  const client = await WebSocketClient.open(addressOf(relay), [subprotocol], { headers });
  client.socket.send(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register', params: { capabilities: ['answer'] } }),
  );
  const { result } = JSON.parse(await client.next());
  client.socket.close();
  await client.closed;
  return result as { id: string; ticket?: string; ticketExpiresInSeconds?: number };
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const refused = (reason: string) => ['latchkey_tickets_refused_total', { reason }] as const;

describe('a reconnect ticket', () => {
  it('is good at the relay that comes after the one that made it, and no token is verified for it', async () => {
    const before = await relayAt();
    const { ticket = '', ticketExpiresInSeconds } = await registered(
      before,
      bearer(await before.token('camera', 'cam1', 600)),
    );
    expect(ticketExpiresInSeconds).toBeGreaterThan(590);
    await before[Symbol.asyncDispose]();

    await using after = await relayAt();
    const again = await registered(after, { 'Latchkey-Ticket': ticket, ...bearer('rubbish') });
    expect(again.id).toBe('cam1');
    expect(again).not.toHaveProperty('ticket');
    expect(await after.metric('latchkey_tickets_accepted_total')).toBe(1);
    expect(await after.metric('latchkey_tickets_made_total')).toBe(0);
  });

  it('may come with the registration, whose answer is there when the connection opens', async () => {
    await using relay = await relayAt();
    const { ticket = '' } = await registered(relay, bearer(await relay.token('camera', 'cam1')));
    const message = JSON.stringify({ jsonrpc: '2.0', id: 'a', method: 'register', params: {} });
    const headers = { 'Latchkey-Ticket': ticket, 'Latchkey-First-Message': message };
    const client = await WebSocketClient.open(addressOf(relay), [subprotocol], { headers });
    expect(JSON.parse(await client.next())).toMatchObject({ id: 'a', result: { id: 'cam1' } });
    expect(await relay.metric('latchkey_cameras')).toBe(1);
    client.socket.close();
    await client.closed;
  });

  it('is refused in the same request as the token beside it is taken', async () => {
    await using relay = await relayAt();
    const token = bearer(await relay.token('camera', 'cam1'));
    const { ticket = '' } = await registered(relay, token);
    const changed = `${ticket.slice(0, -4)}AAAA`;
    expect((await registered(relay, { 'Latchkey-Ticket': changed, ...token })).id).toBe('cam1');
    expect(await relay.metric(...refused('mac'))).toBe(1);
    const alone = await WebSocketClient.refusal(addressOf(relay), {
      headers: { 'Latchkey-Ticket': changed, 'Sec-WebSocket-Protocol': subprotocol },
    });
    expect([alone.status, JSON.parse(alone.body).code]).toEqual([401, 'ticket-invalid']);
  });

  it('is void from the moment that its camera was taken back, and so is the token', async () => {
    const revocations = createRevocations();
    await using relay = await relayAt({ parts: { revocations } });
    const token = bearer(await relay.token('camera', 'cam1'));
    const { ticket = '' } = await registered(relay, token);
    revocations.revoke(deviceId('cam1'), Date.now() + 1);
    const both = await WebSocketClient.refusal(addressOf(relay), {
      headers: { 'Latchkey-Ticket': ticket, 'Sec-WebSocket-Protocol': subprotocol, ...token },
    });
    expect([both.status, JSON.parse(both.body).code]).toEqual([401, 'token-revoked']);
    expect(await relay.metric(...refused('revoked'))).toBe(1);
  });

  it('is good at another relay that has the same keys, in a file or in the environment', async () => {
    const secret = Buffer.alloc(32, 9).toString('base64');
    const file = join(folder, 'keys');
    writeFileSync(file, `# ours\n${secret}\n`);
    await using one = await relayAt({ environment: { LATCHKEY_IDENTITY_TICKETS_KEYS_FILE: file } });
    const given = { LATCHKEY_IDENTITY_TICKETS_KEYS: JSON.stringify([secret]) };
    await using other = await relayAt({ environment: given, beside: one });
    const { ticket = '' } = await registered(one, bearer(await one.token('camera', 'cam1')));
    expect((await registered(other, { 'Latchkey-Ticket': ticket })).id).toBe('cam1');
  });

  it('is neither given nor looked at where tickets are off', async () => {
    await using on = await relayAt();
    const token = bearer(await on.token('camera', 'cam1'));
    const { ticket = '' } = await registered(on, token);
    await using off = await relayAt({ environment: { LATCHKEY_IDENTITY_TICKETS_ENABLED: 'false' }, beside: on });
    const answer = await registered(off, { 'Latchkey-Ticket': ticket, ...token });
    expect(answer).not.toHaveProperty('ticket');
    expect(await off.metric('latchkey_tickets_accepted_total')).toBe(0);
  });

  it('is in no log and no metric, and its key is for the relay’s user alone', async () => {
    const lines: string[] = [];
    const log = createLog('debug', { write: (line) => void lines.push(line) });
    await using relay = await relayAt({ parts: { log } });
    const token = await relay.token('camera', 'cam1');
    const { ticket = '' } = await registered(relay, bearer(token));
    await registered(relay, { 'Latchkey-Ticket': ticket });
    await registered(relay, { 'Latchkey-Ticket': `${ticket}x`, ...bearer(token) });
    const said = lines.join('') + (await relay.server.metrics.text());
    const file = join(folder, 'ticket-keys.json');
    const [{ secret }] = JSON.parse(readFileSync(file, 'utf8'));
    for (const part of [ticket, ticket.slice(5, 40), secret, 'cam1']) expect(said).not.toContain(part);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
