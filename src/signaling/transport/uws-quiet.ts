import type { TemplatedApp, HttpResponse as UwsResponse, us_listen_socket } from 'uWebSockets.js';
import { connect } from 'node:net';
import { limits, type RandomSource } from '../../base/index.ts';
import type { UwsModule } from './uws-module.ts';

const loopback = '127.0.0.1';

/**
 * Lets the library write outside of a cork without a word. It warns on stderr of every such write, except in the cork of
 * some response: here is one, of a connection of this process to itself, that is never written. Nobody else can have
 * made that connection, as its path is drawn by chance, and its port closes as soon as it is there.
 */
export class UwsQuiet {
  readonly #app: TemplatedApp;
  #response: UwsResponse | undefined;

  private constructor(app: TemplatedApp) {
    this.#app = app;
  }

  /** Never throws: where this machine has no loopback, the library warns. */
  static async open(module: UwsModule, random: RandomSource): Promise<UwsQuiet> {
    const quiet = new UwsQuiet(module.App());
    const path = `/${Buffer.from(random.bytes(16)).toString('hex')}`;
    const asked = new Promise<void>((resolve) => {
      quiet.#app.get(path, (response) => {
        response.onAborted(() => {
          quiet.#response = undefined;
        });
        quiet.#response = response;
        resolve();
      });
    });
    const listening = await new Promise<us_listen_socket | false>((resolve) => {
      quiet.#app.listen(loopback, 0, resolve);
    });
    if (listening === false) return quiet;
    const socket = connect({ host: loopback, port: module.us_socket_local_port(listening) });
    const failed = new Promise((resolve) => socket.once('close', resolve));
    socket.unref();
    socket.on('error', () => socket.destroy());
    socket.setTimeout(limits.ownConnectionMsMax, () => socket.destroy());
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${loopback}\r\n\r\n`);
    await Promise.race([asked, failed]);
    socket.setTimeout(0);
    module.us_listen_socket_close(listening);
    return quiet;
  }

  run(write: () => void): void {
    if (this.#response === undefined) write();
    else this.#response.cork(write);
  }

  close(): void {
    this.#app.close();
  }
}
