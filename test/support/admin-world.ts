import {
  type ActRecord,
  type Admin,
  type AdminPowers,
  type AdminSettings,
  type NodeStatus,
  openAdmin,
  type Sighting,
} from '../../src/admin/index.ts';
import { type DeviceId, Redacted, sameId, systemRandom } from '../../src/base/index.ts';
import {
  allOn,
  type Feature,
  features,
  type Levers,
  type Revocation,
  type SwitchPosition,
} from '../../src/levers/index.ts';
import { ManualClock } from './manual-clock.ts';

/** Levers that remember what was thrown, and end as much as they are told that there is. */
export class MemoryLevers implements Levers {
  readonly thrown: string[] = [];
  readonly #revocations: (Revocation & { atMs: number })[] = [];
  readonly #switches = Object.fromEntries(features.map((feature) => [feature, { position: 'on' }])) as Record<
    Feature,
    SwitchPosition
  >;
  ending = { sessionsEnded: 0, connectionsClosed: 0 };
  /** What would end, if something were thrown. */
  endings = { sessionsEnded: 3, connectionsClosed: 2 };
  /** What the next lever throws instead. */
  fails: Error | undefined;

  async revoke(revocation: Revocation) {
    this.#demand();
    const atMs = Date.UTC(2030, 0, 1);
    this.thrown.push(JSON.stringify(revocation));
    this.#revocations.push({ ...revocation, atMs });
    return { ...this.ending, atMs };
  }

  async release(device: DeviceId): Promise<boolean> {
    this.#demand();
    this.thrown.push(`release ${device}`);
    const at = this.#revocations.findIndex((each) => each.of === 'device' && sameId(each.device, device));
    if (at >= 0) this.#revocations.splice(at, 1);
    return at >= 0;
  }

  async throwSwitch(feature: Feature, position: SwitchPosition) {
    this.#demand();
    this.thrown.push(`${feature} ${JSON.stringify(position)}`);
    this.#switches[feature] = position;
    return this.ending;
  }

  async wouldEnd() {
    return this.endings;
  }

  list() {
    return { revocations: [...this.#revocations], switches: { ...this.#switches }, settings: allOn };
  }

  #demand(): void {
    if (this.fails !== undefined) throw this.fails;
  }
}

type Entry = Parameters<ActRecord['operatorActed']>[0];

/** A record in memory. */
export class MemoryAudit implements ActRecord {
  readonly entries: Entry[] = [];
  writable = true;
  /** An entry cannot be written although the record says that it can. */
  breaks = false;

  /** What became of each act, without the lines that it was begun. */
  get outcomes(): Entry[] {
    return this.entries.filter(({ outcome }) => outcome !== 'begun');
  }

  async operatorActed(act: Entry): Promise<void> {
    if (!this.writable || this.breaks) throw new Error('the disk is full');
    this.entries.push(act);
  }
}

export const operatorToken = 'operator-token-of-at-least-32-characters';
export const nightToken = 'night-shift-token-of-at-least-32-chars==';

/** A live view that is over, as the record has it. */
export const sighting: Sighting = {
  session: 's1',
  subject: 'alice',
  device: 'cam-1',
  startedAtMs: 1_000,
  end: 'ended',
  endedAtMs: 5_000,
  reason: 'viewer-left',
  seen: true,
  seenFromMs: 2_000,
  seenUntilMs: 4_000,
  bytes: 1_234,
};

/** A node that does nothing. */
export function idleStatus(atMs = 0): NodeStatus {
  return {
    readiness: 'ready',
    version: '0.1.0',
    node: 'v24.0.0',
    atMs,
    startedAtMs: 0,
    transport: 'ws',
    connections: 0,
    cameras: 0,
    viewers: 0,
    registrations: 0,
    sessions: { settingUp: 0, live: 0, opened: {}, ended: {} },
    refusals: {},
    alarms: { kinds: {}, lastAtMs: null },
    faults: 0,
    admission: { inFlight: 0, waiting: {}, servedPerSecond: {}, rampSeconds: {}, sentAway: 0 },
    media: {
      receivedPackets: 0,
      receivedBytes: 0,
      forwardedPackets: 0,
      forwardedBytes: 0,
      drops: {},
      workers: [],
      workersFailed: 0,
    },
    process: { loopLagMs: 0, residentBytes: 0, heapBytes: 0 },
    audit: null,
    switches: null,
    quarantined: 0,
    revocations: 0,
  };
}

/** An admin port on loopback with everything behind it in memory. What `powers` names as undefined is not offered. */
export async function adminWorld(powers: Partial<AdminPowers> = {}, settings: Partial<AdminSettings> = {}) {
  const [levers, audit, clock] = [new MemoryLevers(), new MemoryAudit(), new ManualClock()];
  const drained: (number | undefined)[] = [];
  const faults: unknown[] = [];
  const unrecorded: unknown[] = [];
  let reloads = 0;
  const admin: Admin = await openAdmin(
    {
      host: '127.0.0.1',
      port: 0,
      tls: undefined,
      names: [],
      version: '0.1.0',
      credentials: [
        { name: 'operator', token: new Redacted(operatorToken) },
        { name: 'night', token: new Redacted(nightToken) },
      ],
      ...settings,
    },
    {
      clock,
      random: systemRandom,
      levers,
      audit,
      record: {
        whoSaw: async () => ({ found: [sighting], namesFromMs: null }),
        whatSaw: async () => ({
          found: [sighting, { ...sighting, end: 'open', endedAtMs: null, reason: null, bytes: null }],
          namesFromMs: null,
        }),
      },
      status: () => idleStatus(clock.now()),
      async drain({ overSeconds }) {
        drained.push(overSeconds);
      },
      async reload() {
        reloads++;
        return { changed: ['identity.issuers'], needRestart: ['http.port'] };
      },
      ...powers,
    },
    { internal: (error) => faults.push(error), unrecorded: (error) => unrecorded.push(error) },
  );
  return {
    admin,
    levers,
    audit,
    clock,
    drained,
    faults,
    unrecorded,
    get reloads() {
      return reloads;
    },
    /** Everything that could have changed, to be compared. */
    get state() {
      return JSON.stringify([levers.thrown, levers.list(), drained, reloads]);
    },
    [Symbol.asyncDispose]: () => admin.close(),
  };
}

export type AdminWorld = Awaited<ReturnType<typeof adminWorld>>;
