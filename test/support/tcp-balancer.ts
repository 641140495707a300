import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { RunningRelay } from './running-relay.ts';

/** A node behind a balancer. */
export interface BalancedNode {
  readonly name: string;
  readonly port: number;
  readonly operationsPort: number;
}

const askEveryMs = 200;

/**
 * A TCP balancer, as small as one can be: it asks `/readyz` of each node five times a second, and connects whoever comes with the first that is
 * ready, in the order that its port prefers. What is connected stays so, whatever its node says later.
 */
export class TcpBalancer implements AsyncDisposable {
  readonly #nodes: readonly BalancedNode[];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #ready = new Set<string>();

  constructor(nodes: readonly BalancedNode[]) {
    this.#nodes = nodes;
    this.#timer = setInterval(() => void this.ask(), askEveryMs);
  }

  /** Asks each node now. */
  async ask(): Promise<void> {
    const answers = await Promise.all(
      this.#nodes.map(async ({ name, operationsPort }) => {
        const ready = await fetch(`http://127.0.0.1:${operationsPort}/readyz`).then(
          (response) => response.ok,
          () => false,
        );
        return ready ? [name] : [];
      }),
    );
    this.#ready = new Set(answers.flat());
  }

  /** Opens a port that prefers the nodes in this order. */
  async open(order: readonly BalancedNode[]): Promise<number> {
    const server = createServer((client) => this.#join(client, order));
    this.#servers.push(server);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => {
        const closed = once(server, 'close');
        server.close();
        return closed;
      }),
    );
  }

  #join(client: Socket, order: readonly BalancedNode[]): void {
    this.#keep(client);
    const node = order.find(({ name }) => this.#ready.has(name));
    if (node === undefined) return void client.destroy();
    const upstream = connect({ host: '127.0.0.1', port: node.port });
    this.#keep(upstream);
    client.pipe(upstream);
    upstream.pipe(client);
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** A balancer in front of relays of this process, which knows already who is ready, and its one port, which prefers them as they stand. */
export async function balanced(relays: readonly RunningRelay[]): Promise<{ readonly url: string } & AsyncDisposable> {
  const nodes = relays.map(({ server }, index) => ({
    name: String(index),
    port: server.httpPort,
    operationsPort: server.operationsPort,
  }));
  const balancer = new TcpBalancer(nodes);
  await balancer.ask();
  return {
    url: `http://127.0.0.1:${await balancer.open(nodes)}`,
    [Symbol.asyncDispose]: () => balancer[Symbol.asyncDispose](),
  };
}
