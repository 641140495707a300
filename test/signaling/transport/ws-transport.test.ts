import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { expect, it } from 'vitest';
import { openWsTransport } from '../../../src/signaling/transport/ws-transport.ts';
import { handshakeHeaders, Stage } from '../../contracts/transport-stage.ts';

it('the transport on ws cuts off a client that sends more together with its opening handshake', async () => {
  await using stage = await Stage.set(openWsTransport);
  const client = await stage.client();
  client.send(['GET / HTTP/1.1', 'Host: relay.test', ...handshakeHeaders, '', 'early'].join('\r\n'));
  await client.closed;
  expect(client.received.length).toBe(0);
  expect(stage.upgrades.entries).toEqual([]);
});

it('the transport on ws outlives connections that fail while they are accepted', async () => {
  await using stage = await Stage.set(openWsTransport);
  const server = await serverOf(stage);
  const errors = [new Error('accept EHOSTUNREACH'), new Error('accept ENOBUFS')];
  for (const error of errors) server.emit('error', error);
  expect(stage.faults.entries).toEqual(errors);
  expect(await stage.serves()).toBe(true);
});

/** Node's own server, which the transport shows to nobody. */
async function serverOf(stage: Stage): Promise<Server> {
  const served: Server[] = [];
  const note = (message: unknown) => void served.push((message as { server: Server }).server);
  subscribe('http.server.request.start', note);
  await stage.serves();
  unsubscribe('http.server.request.start', note);
  const [server] = served;
  if (server === undefined) throw new Error('no request came');
  return server;
}
