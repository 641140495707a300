import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { userName } from './stun-user-name.ts';
import type { TinyRelayPlan } from './tiny-relay.ts';

const ufragOf = (sdp: string) => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? '';

export interface Forwarder {
  readonly port: number;
  readonly cameraAddresses: Set<string>;
  open(viewerSdp: string, cameraSdp: string): void;
  sendToCamera(datagram: Buffer): void;
  close(): Promise<void>;
}

interface Leg {
  side: 'camera' | 'viewer';
  address: RemoteInfo | undefined;
  held: Buffer[];
  other: Leg | undefined;
}

/** Forwards between the two sides of each session; sides are told apart by the user names of their ICE checks. */
export async function startForwarder(plan: Pick<TinyRelayPlan, 'forward'>): Promise<Forwarder> {
  const socket: Socket = createSocket('udp4');
  const legs = new Map<string, Leg>();
  const byAddress = new Map<string, Leg>();
  const cameraAddresses = new Set<string>();
  let lastCamera: RemoteInfo | undefined;

  const give = (leg: Leg, datagram: Buffer) => {
    if (leg.address === undefined) leg.held.push(datagram);
    else socket.send(datagram, leg.address.port, leg.address.address);
  };
  socket.on('message', (datagram, source) => {
    const key = `${source.address}:${source.port}`;
    const from = isRequest(datagram) ? legs.get(userName(datagram).split(':')[1] ?? '') : byAddress.get(key);
    if (from?.other === undefined) return;
    byAddress.set(key, from);
    if (from.side === 'camera') {
      cameraAddresses.add(key);
      lastCamera = source;
    }
    if (from.address === undefined) {
      from.address = source;
      for (const held of from.held.splice(0)) give(from, held);
    }
    if (plan.forward?.(datagram, from.side) !== false) give(from.other, datagram);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    cameraAddresses,
    open(viewerSdp, cameraSdp) {
      const viewer: Leg = { side: 'viewer', address: undefined, held: [], other: undefined };
      const camera: Leg = { side: 'camera', address: undefined, held: [], other: viewer };
      viewer.other = camera;
      legs.set(ufragOf(viewerSdp), viewer);
      legs.set(ufragOf(cameraSdp), camera);
    },
    sendToCamera(datagram) {
      if (lastCamera !== undefined) socket.send(datagram, lastCamera.port, lastCamera.address);
    },
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function isRequest(datagram: Buffer): boolean {
  return datagram.length >= 20 && datagram.readUInt16BE(0) === 0x0001;
}
