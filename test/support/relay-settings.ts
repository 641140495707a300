import type { RelaySettings } from '../../src/relay/index.ts';
import { boundless } from '../relay/support/engine-harness.ts';

/** A relay on loopback with any free port, one worker and no bound on rates, unless told otherwise. */
export function relaySettings(more: Partial<RelaySettings> = {}): RelaySettings {
  return {
    host: '127.0.0.1',
    device: null,
    port: 0,
    tcpPort: 'off',
    workers: 1,
    udp: 'auto',
    announced: [],
    rates: boundless,
    ...more,
  };
}
