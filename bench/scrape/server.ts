/**
 * A whole relay and, beside it in the same process, what it is measured by: `server.ts CONFIG`. Prints a line of JSON that says where
 * they are. Each line on its standard input is an order, and is answered by a line of JSON.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import { loadSettings } from '../../src/config/index.ts';
import { startServer } from '../../src/server.ts';

export type Order =
  /** Serve registries of the client library alone, with so many series. */
  | { readonly yardsticks: number }
  /** From here on the time that the event loop is busy is counted. */
  | 'begin'
  | 'end';

export interface Started {
  readonly url: string;
  readonly operationsPort: number;
}

/** The ports of two: one with no other metrics, one with the library's default ones as they come. */
export interface Yardsticks {
  readonly bare: number;
  readonly withDefaults: number;
}

const [configFile = ''] = process.argv.slice(2);
const server = await startServer(loadSettings(configFile, process.env));
say({ url: server.url, operationsPort: server.operationsPort } satisfies Started);
let begun = performance.eventLoopUtilization();
for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  if (order === 'begin') {
    begun = performance.eventLoopUtilization();
    say(null);
  } else if (order === 'end') say(performance.eventLoopUtilization(begun).active);
  else
    say({
      bare: await serve(registryOf(order.yardsticks)),
      withDefaults: await serve(withDefaults(registryOf(order.yardsticks))),
    } satisfies Yardsticks);
}

function registryOf(series: number): Registry {
  const registry = new Registry();
  const labelNames = ['reason', 'worker'];
  const counter = new Counter({ name: 'yardstick_total', help: 'Things.', labelNames, registers: [registry] });
  for (let index = 0; index < series; index++) counter.inc({ reason: `reason-${index % 32}`, worker: String(index) });
  return registry;
}

function withDefaults(registry: Registry): Registry {
  collectDefaultMetrics({ register: registry });
  return registry;
}

async function serve(registry: Registry): Promise<number> {
  const http = createServer((_request, response) => {
    registry.metrics().then((text) => response.end(text));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return (http.address() as AddressInfo).port;
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
