import type { Readings } from '../../src/telemetry/index.ts';

const nobody = { viewer: 0, camera: 0 };

/** What a relay with nothing to do tells at a scrape. */
export const quietReadings: Readings = {
  build: () => ({ transport: 'ws', udp: 'dgram' }),
  ready: () => true,
  sessions: () => 0,
  devices: () => 0,
  connections: () => 0,
  connectionsHeld: () => 0,
  capacity: () => ({ connections: 10, sessions: 20, waiting: 30 }),
  sharedCache: () => undefined,
  certificateEndsAtMs: () => undefined,
  draining: () => false,
  audit: () => undefined,
  levers: () => ({ quarantined: 0, switches: {} }),
  admission: () => ({ inFlight: 0, waiting: nobody, servedPerSecond: nobody, rampSeconds: nobody }),
  relay: () => ({
    workers: [],
    workersFailed: 0,
    tcp: {
      open: 0,
      accepted: 0,
      refused: 0,
      closed: {},
      framesIn: 0,
      framesOut: 0,
      bytesIn: 0,
      bytesOut: 0,
      mediaDropped: 0,
      unsent: 0,
    },
  }),
};
