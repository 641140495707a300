import { z } from 'zod';
import { features } from '../levers/index.ts';

const count = z.number().int().min(0);
const amount = z.number().min(0);
const tally = (of: string) => z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), count).describe(of);
const momentMs = z.number().int().min(0).describe('Milliseconds since the Unix epoch');

/** A media worker, since it began. */
const worker = z.strictObject({
  wires: count.describe('Wires that are open'),
  packets: count.describe('Datagrams that were passed on'),
  bytes: count.describe('Payload of the same'),
  drops: count.describe('Datagrams that went nowhere'),
});

/** How this node is: numbers and words of closed sets. It has no room for the name of a person, a camera or an address. */
export const nodeStatus = z.strictObject({
  readiness: z.enum(['starting', 'ready', 'draining', 'stopping']),
  version: z.string(),
  node: z.string().describe('Version of Node.js'),
  atMs: momentMs,
  startedAtMs: momentMs,
  transport: z.enum(['uws', 'ws']).nullable(),
  connections: count.describe('TCP connections of HTTP and WebSocket'),
  cameras: count.describe('Cameras that are registered'),
  viewers: count.describe('WebSockets that are not a camera’s'),
  registrations: count.describe('Registrations since the start'),
  sessions: z.strictObject({
    settingUp: count.describe('Live views without a wire yet'),
    live: count.describe('Live views with a wire'),
    opened: tally('Since the start, by flow'),
    ended: tally('Since the start, by reason'),
  }),
  refusals: tally('Since the start, by code'),
  alarms: z.strictObject({
    kinds: tally('Since the start, by kind'),
    lastAtMs: momentMs.nullable(),
  }),
  faults: count.describe('Faults of the relay itself since the start'),
  admission: z.strictObject({
    inFlight: count.describe('Verifications under way'),
    waiting: tally('Requests that wait for theirs, by lane'),
    servedPerSecond: z.record(z.string(), amount).describe('As measured while some waited, by lane'),
    rampSeconds: z.record(z.string(), amount).describe('How far ahead others were told to come back, by lane'),
    sentAway: count.describe('Requests that were not let in since the start'),
  }),
  media: z.strictObject({
    receivedPackets: count,
    receivedBytes: count,
    forwardedPackets: count,
    forwardedBytes: count,
    drops: tally('Since the start, by reason'),
    workers: z.array(worker),
    workersFailed: count,
  }),
  process: z.strictObject({
    loopLagMs: amount.describe('How late the event loop is'),
    residentBytes: count,
    heapBytes: count,
  }),
  audit: z
    .strictObject({
      writable: z.boolean(),
      pending: count.nullable().describe('Entries that are not written yet'),
      entries: count.nullable().describe('Entries in the record'),
      head: z
        .string()
        .regex(/^[0-9a-f]{8,64}$/)
        .nullable()
        .describe('The beginning of the last entry’s hash'),
    })
    .nullable(),
  switches: z
    .record(z.enum(features), z.enum(['on', 'off', 'off-for']))
    .nullable()
    .describe('Positions alone: for whom a feature is off is told by `/v1/switches`'),
  quarantined: count.describe('Cameras in quarantine'),
  revocations: count.describe('Revocations that are in force, quarantines included'),
});
export type NodeStatus = z.infer<typeof nodeStatus>;

/** The columns of a sample, in this order. Rates are per second, over the time since the sample before. */
export const sampleColumns = [
  'atMs',
  'sessions',
  'cameras',
  'registrations',
  'refusals',
  'sentAway',
  'waiting',
  'bits',
  'packets',
  'drops',
  'loopLagMs',
  'residentBytes',
] as const;
export type SampleColumn = (typeof sampleColumns)[number];
export type Sample = Readonly<Record<SampleColumn, number>>;

export const sample = z
  .strictObject(
    Object.fromEntries(sampleColumns.map((column) => [column, amount])) as Record<SampleColumn, typeof amount>,
  )
  .describe('Rates (registrations, refusals, sentAway, bits, packets, drops) are per second');

export const statusAnswer = nodeStatus.extend({ now: sample });
export type StatusAnswer = z.infer<typeof statusAnswer>;

export const historyAnswer = z.strictObject({
  columns: z.array(z.enum(sampleColumns)),
  rows: z.array(z.array(amount)).describe('The oldest first, about ten minutes of them'),
});
export type HistoryAnswer = z.infer<typeof historyAnswer>;
