import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP line to a port of this machine, which a test can cut. */
export async function cutLine(port: number) {
  const lines = new Set<{ near: Socket; far: Socket }>();
  let severed = false;
  const server = createServer((near) => {
    if (severed) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    const line = { near, far };
    lines.add(line);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {});
      one.on('data', (data) => other.write(data));
    }
    near.on('close', () => line.far.destroy());
    far.on('close', () => {
      line.near.destroy();
      lines.delete(line);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Cuts every connection at both ends, and lets none in until it is mended. */
    sever(): void {
      severed = true;
      for (const { near } of lines) near.destroy();
    },
    mend(): void {
      severed = false;
    },
    /** Cuts every connection at its near end alone: the far end hears nothing, as when a cable is pulled. */
    cutNear(): void {
      for (const { near } of lines) {
        near.removeAllListeners('close');
        near.destroy();
      }
    },
    close(): void {
      for (const { near, far } of lines) {
        near.destroy();
        far.destroy();
      }
      server.close();
    },
  };
}
