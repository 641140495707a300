/** What somebody else knows, as it is at a scrape; what they can say is asked once for each. */
type Side = 'viewer' | 'camera';
type Lane = 'viewer' | 'camera';

interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

/** What a media worker counts by itself. */
export interface WorkerReadings {
  readonly received: Readonly<Record<Side, Traffic>>;
  readonly forwarded: Readonly<Record<Side, Traffic>>;
  readonly latches: Readonly<Record<Side, number>>;
  readonly moves: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly sendErrors: Readonly<Record<string, number>>;
  readonly receiveErrors: number;
  readonly kernelDrops: number;
  readonly receiveCalls: number;
  readonly sendCalls: number;
  readonly wires: number;
  /** CPU time of its thread; 0 where it has none, or the platform does not say. */
  readonly busySeconds: number;
  /** How often it died and began again. */
  readonly failed: number;
}

/** What the relay counts by itself. */
export interface RelayReadings {
  readonly workers: readonly WorkerReadings[];
  /** Of all threads, that for TCP with them. */
  readonly workersFailed: number;
  readonly tcp: {
    readonly open: number;
    readonly accepted: number;
    readonly refused: number;
    readonly closed: Readonly<Record<string, number>>;
    readonly framesIn: number;
    readonly framesOut: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly mediaDropped: number;
    readonly unsent: number;
  };
}

/** Who waits to be let in. */
export interface AdmissionReadings {
  readonly inFlight: number;
  readonly waiting: Readonly<Record<Lane, number>>;
  readonly servedPerSecond: Readonly<Record<Lane, number>>;
  readonly rampSeconds: Readonly<Record<Lane, number>>;
}

/** Records of the audit that are not written yet, and whether they can be. */
export interface AuditReadings {
  readonly pending: number;
  readonly writable: boolean;
}

/** What an operator has thrown, and where each switch stands. */
export interface LeverReadings {
  readonly quarantined: number;
  readonly switches: Readonly<Record<string, SwitchReading>>;
}

export type SwitchReading = 'on' | 'off' | 'off-for';

/** For how many there is room. */
export interface Capacity {
  readonly connections: number;
  readonly sessions: number;
  readonly waiting: number;
}

/** Which of the parts that can be chosen run. */
export interface Build {
  readonly transport: 'uws' | 'ws' | 'none';
  readonly udp: 'batched' | 'dgram' | 'none';
}

/** Gauges and counters that somebody else knows the value of. Each is asked once at a scrape, and takes no walk over sessions. */
export interface Readings {
  build(): Build;
  ready(): boolean;
  sessions(): number;
  devices(): number;
  connections(): number;
  /** Those of them that wait to be read while others are served. */
  connectionsHeld(): number;
  capacity(): Capacity;
  /** Whether questions go to the shared cache now; undefined: there is none. */
  sharedCache(): boolean | undefined;
  /** When the certificate of the public port ends, in milliseconds since the epoch; undefined: there is none. */
  certificateEndsAtMs(): number | undefined;
  /** While everybody is moved elsewhere. */
  draining(): boolean;
  levers(): LeverReadings;
  /** Undefined where there is no audit. */
  audit(): AuditReadings | undefined;
  admission(): AdmissionReadings;
  relay(): RelayReadings;
}
