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
