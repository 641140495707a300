import { readdir, stat } from 'node:fs/promises';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

/** What the client library would count by a walk over every open socket, on the event loop. */
const walks = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'process_open_fds',
];

/** What is usual to know of a process of Node, at a cost that does not grow with its connections. Returns what looks at the rest, beside the event loop. */
export function addProcessMetrics(registry: Registry): () => Promise<void> {
  collectDefaultMetrics({ register: registry });
  for (const name of walks) registry.removeSingleMetric(name);
  if (process.platform !== 'linux') return async () => {};
  const open = new Gauge({
    name: 'process_open_fds',
    help: 'Open files and sockets; see `ulimit -n` before they come near process_max_fds.',
    registers: [registry],
  });
  // Where /proc cannot be read, this one is not known, and all others are.
  return () =>
    openFiles().then(
      (count) => open.set(count),
      () => open.reset(),
    );
}

async function openFiles(): Promise<number> {
  const folder = '/proc/self/fd';
  // Linux says how many they are since 6.2; before, they have to be listed.
  const { size } = await stat(folder);
  return size > 0 ? size : (await readdir(folder)).length;
}
