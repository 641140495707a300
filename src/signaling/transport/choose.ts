import { LatchkeyError, systemClock, systemRandom } from '../../base/index.ts';
import type { TransportParts } from './server-core.ts';
import type { Transport, TransportHandlers, TransportSettings } from './transport.ts';
import { loadUws } from './uws-module.ts';
import { openUwsTransport } from './uws-transport.ts';
import { openWsTransport } from './ws-transport.ts';

/**
 * Opens an HTTP and WebSocket server. `auto` takes uWebSockets.js where its binary loads, and else ws; the observer is
 * told which, and why. Throws `settings-invalid` when `uws` is demanded and does not load, when a TLS file cannot be used,
 * and when the address cannot be listened on. Without `parts`, the machine's own clock and random source are taken.
 */
export async function openTransport(
  handlers: TransportHandlers,
  settings: TransportSettings,
  preferred: 'auto' | 'uws' | 'ws',
  parts: Partial<TransportParts> = {},
): Promise<Transport> {
  const { clock = systemClock, random = systemRandom, observer = {} } = parts;
  const whole = { clock, random, observer };
  const wanted = `http.server is ${preferred}`;
  if (preferred === 'ws') return told(await openWsTransport(handlers, settings, whole), wanted);
  const loaded = await loadUws();
  if ('module' in loaded) {
    const why = preferred === 'uws' ? wanted : 'its binary loads here';
    return told(await openUwsTransport(loaded.module, handlers, settings, whole), why);
  }
  if (preferred === 'uws') {
    throw new LatchkeyError('settings-invalid', `http.server: uws: ${loaded.why}; set it to auto or ws`);
  }
  return told(await openWsTransport(handlers, settings, whole), `uWebSockets.js does not run here: ${loaded.why}`);

  function told(transport: Transport, why: string): Transport {
    observer.listening?.(transport.name, why);
    return transport;
  }
}
