import type { TcpCloseReason } from '../../../src/relay/tcp/counters.ts';
import { openTcpListener, type TcpListener, type TcpSettings } from '../../../src/relay/tcp/tcp-listener.ts';
import type { Place } from '../../../src/relay/wire/path.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { Inbox } from './inbox.ts';
import { stun } from './stun-messages.ts';
import { TcpPeer } from './tcp-peer.ts';

export interface ToldFrame {
  readonly connection: number;
  readonly remote: Place;
  readonly local: Place;
  readonly bytes: Buffer;
}

export const check = stun({ transaction: Buffer.alloc(12, 7), username: 'camr:view', password: 'x'.repeat(22) });

/** A listener on loopback, a clock that stands still, and what the listener told. */
export class TcpHarness implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly frames = new Inbox<ToldFrame>();
  readonly closings = new Inbox<readonly [number, TcpCloseReason]>();
  /** Called for each frame before it can be waited for. */
  onFrame: (connection: number, bytes: Buffer) => void = () => {};
  onClosed: (connection: number, reason: TcpCloseReason) => void = () => {};
  #listener: TcpListener | undefined;

  static async open(settings: Partial<TcpSettings> = {}): Promise<TcpHarness> {
    const harness = new TcpHarness();
    harness.#listener = await openTcpListener(
      { hosts: ['127.0.0.1'], port: 0, ...settings },
      { clock: harness.clock },
      {
        datagram(connection, remote, local, bytes, start, end) {
          const copy = Buffer.from(bytes.subarray(start, end));
          harness.onFrame(connection, copy);
          harness.frames.push({ connection, remote, local, bytes: copy });
        },
        closed(connection, reason) {
          harness.onClosed(connection, reason);
          harness.closings.push([connection, reason]);
        },
      },
    );
    return harness;
  }

  get listener(): TcpListener {
    if (this.#listener === undefined) throw new Error('a harness is opened by `open`');
    return this.#listener;
  }

  /** Connects, and brings a check, so that the listener is known to have accepted. Resolves to its number too. */
  async stranger(): Promise<{ peer: TcpPeer; connection: number; [Symbol.asyncDispose](): Promise<void> }> {
    const peer = await TcpPeer.open(this.listener.address);
    await peer.send(check);
    const { connection } = await this.frames.next();
    return { peer, connection, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
  }

  /** The same, claimed, and with the check sent back to it as the first frame. */
  async claimed() {
    const stranger = await this.stranger();
    this.listener.claim(stranger.connection);
    this.listener.send(stranger.connection, check, 0, check.length);
    await stranger.peer.next();
    return stranger;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close();
  }
}
