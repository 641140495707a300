import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { Worker } from 'node:worker_threads';
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

it('the transport on ws keeps a thousand connections that it had no time to accept', async () => {
  await using stage = await Stage.set(openWsTransport, { settings: { connectionsMax: 2_000 } });
  const count = Math.min(1_000, Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')));
  const all = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(connectsMany, { eval: true, workerData: { port: stage.transport.port, count, all } });
  await once(worker, 'online');
  // While this thread stands still, it accepts nobody.
  expect(Atomics.wait(all, 0, 0, 10_000)).not.toBe('timed-out');
  await stage.open.first((open) => open === count);
  await worker.terminate();
});

const connectsMany = `
  const { connect } = require('node:net');
  const { workerData: { port, count, all } } = require('node:worker_threads');
  let connected = 0;
  for (let index = 0; index < count; index++) {
    connect(port, '127.0.0.1', () => {
      if (++connected < count) return;
      Atomics.store(all, 0, 1);
      Atomics.notify(all, 0);
    });
  }`;

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
