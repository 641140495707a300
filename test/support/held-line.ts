import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What is held back of a line's answers. */
export interface Hold {
  /** The answers are held from the first of these that is sent. */
  readonly sent: string;
  /** They go on, all in one piece, as soon as this is among them. */
  readonly answered: string;
}

/** A TCP line to a port of this machine, on which a test can hold the answers to one question back until more has come. */
export async function heldLine(port: number) {
  const sockets = new Set<Socket>();
  let armed: { readonly hold: Hold; readonly holds: () => void } | undefined;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    let held: { readonly answered: string; readonly holds: () => void; bytes: Buffer } | undefined;
    near.on('data', (data) => {
      if (armed !== undefined && data.includes(armed.hold.sent)) {
        held = { answered: armed.hold.answered, holds: armed.holds, bytes: Buffer.alloc(0) };
        armed = undefined;
      }
      far.write(data);
    });
    far.on('data', (data) => {
      if (held === undefined) {
        near.write(data);
        return;
      }
      held.bytes = Buffer.concat([held.bytes, data]);
      held.holds();
      if (!held.bytes.includes(held.answered)) return;
      near.write(held.bytes);
      held = undefined;
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    /** Holds the answers to the next question of that kind. Resolves when the first of them is there, and held. */
    hold: (hold: Hold) =>
      new Promise<void>((holds) => {
        armed = { hold, holds };
      }),
    close(): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
