import type { OpenUdpPort, ReceiveDatagram } from '../../../src/relay/index.ts';
import type { Path } from '../../../src/relay/wire/path.ts';

/** A port without a socket: what it sends is gone, and what it receives is what it is handed. */
export class MemoryPort {
  sent = 0;
  #receive: ReceiveDatagram = () => {};

  readonly open: OpenUdpPort = async (at, receive) => {
    this.#receive = receive;
    return {
      address: { host: at.host, port: at.port || 1 },
      receiveBufferBytes: 2 ** 30,
      sendBufferBytes: 2 ** 30,
      send: () => {
        this.sent++;
      },
      close: async () => {},
    };
  };

  receive(path: Path, bytes: Buffer): void {
    this.#receive({ path, pathAt: 0, bytes, start: 0, end: bytes.length });
  }
}
