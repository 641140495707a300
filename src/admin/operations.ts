import { z } from 'zod';
import { limits } from '../base/index.ts';
import { features } from '../levers/index.ts';
import { historyAnswer, statusAnswer } from './status.ts';

const id = /^[A-Za-z0-9][A-Za-z0-9._:@|-]*$/;
const device = z.string().min(1).max(limits.deviceIdCharactersMax).regex(id).describe('The camera');
const subject = z.string().min(1).max(limits.subjectIdCharactersMax).regex(id).describe('The person');
const tokenId = z.string().min(1).max(limits.tokenIdCharactersMax).describe('The `jti` of the token');
const feature = z.enum(features);
const count = z.number().int().min(0);
const moment = z.number().int().min(0).describe('Milliseconds since the Unix epoch');

const nothing = z.strictObject({});
const dryRun = z.strictObject({
  dryRun: z.enum(['true', 'false']).optional().describe('`true` says what would end, and changes nothing'),
});
const ending = {
  dryRun: z.boolean(),
  sessionsEnded: count.describe('Live views that ended, or would'),
  connectionsClosed: count.describe('WebSockets that were closed, or would be'),
};

export const revocation = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('subject'), subject }).describe('Tokens and tickets issued before now are void'),
  z.strictObject({ of: z.literal('device'), device }).describe('Quarantine: nobody sees it and it cannot register'),
  z.strictObject({ of: z.literal('token'), tokenId }).describe('One token'),
  z.strictObject({ of: z.literal('all') }).describe('Everything that was issued before now'),
]);
const atMs = { atMs: moment };
const revocationInForce = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('subject'), subject, ...atMs }),
  z.strictObject({ of: z.literal('device'), device, ...atMs }),
  z.strictObject({ of: z.literal('token'), tokenId, ...atMs }),
  z.strictObject({ of: z.literal('all'), ...atMs }),
]);

export const switchPosition = z.discriminatedUnion('position', [
  z.strictObject({ position: z.literal('on') }),
  z.strictObject({ position: z.literal('off') }),
  z
    .strictObject({
      position: z.literal('off-for'),
      prefixes: z
        .array(z.string().min(1).max(limits.deviceIdCharactersMax).regex(id))
        .max(limits.switchPrefixesMax)
        .default([]),
      devices: z.array(device).max(limits.adminSwitchDevicesMax).default([]),
    })
    .describe('For the cameras of these names, or whose names begin so; one at least'),
]);
const switchInForce = z.strictObject({
  position: z.enum(['on', 'off', 'off-for']),
  prefixes: z.array(z.string()).optional(),
  devices: z.array(z.string()).optional(),
});

const time = z.iso.datetime({ offset: true }).describe('ISO 8601, such as 2030-01-31T18:00:00Z');
const period = { from: time, to: time };
const sightings = z.strictObject({
  sightings: z.array(
    z.strictObject({
      session: z.string(),
      subject: z.string().nullable().describe('Null where the name was erased'),
      device: z.string().nullable(),
      startedAtMs: moment,
      end: z
        .enum(['ended', 'lost', 'open'])
        .describe('`lost`: the relay was killed, and it was over by `endedAtMs` at the latest'),
      endedAtMs: moment.nullable(),
      reason: z.string().nullable(),
      seen: z.boolean().nullable().describe('Whether anything of the camera went on to the viewer'),
      seenFromMs: moment.nullable(),
      seenUntilMs: moment.nullable(),
      bytes: count.nullable().describe('What came from the camera'),
    }),
  ),
  namesFromMs: moment
    .nullable()
    .describe('Views that began before have lost their names in time, and are not in this; null: there are none'),
  more: z.boolean().describe(`There are more than ${limits.adminSightingsMax}: ask for a shorter time`),
});

/** One operation of the admin API, as it is described and as its input is read. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As OpenAPI writes it: a parameter in braces is one segment. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: z.ZodType;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  readonly status: 200 | 202;
  readonly answer: z.ZodType;
  /** It changes something, or reads who saw what: it is recorded. */
  readonly recorded: boolean;
}

/** Every operation of the admin API: what `config/openapi.json` describes, and what is answered. There are no others. */
export const operations = {
  readStatus: {
    method: 'GET',
    path: '/v1/status',
    summary: 'How this node is, now',
    parameters: nothing,
    query: nothing,
    status: 200,
    answer: statusAnswer,
    recorded: false,
  },
  readHistory: {
    method: 'GET',
    path: '/v1/status/history',
    summary: 'How this node was in the last ten minutes',
    parameters: nothing,
    query: nothing,
    status: 200,
    answer: historyAnswer,
    recorded: false,
  },
  listRevocations: {
    method: 'GET',
    path: '/v1/revocations',
    summary: 'What is revoked',
    parameters: nothing,
    query: nothing,
    status: 200,
    answer: z.strictObject({ revocations: z.array(revocationInForce) }),
    recorded: false,
  },
  revoke: {
    method: 'POST',
    path: '/v1/revocations',
    summary: 'Sign a person out everywhere, put a camera into quarantine, or void a token or all that was issued',
    description: 'Live views end within a second. It can be repeated: the later time counts.',
    parameters: nothing,
    query: dryRun,
    body: revocation,
    status: 200,
    answer: z.strictObject({ ...ending, atMs: moment.nullable().describe('From when it counts; null for a dry run') }),
    recorded: true,
  },
  release: {
    method: 'DELETE',
    path: '/v1/quarantine/{device}',
    summary: 'End the quarantine of a camera',
    description: 'It can be repeated.',
    parameters: z.strictObject({ device }),
    query: dryRun,
    status: 200,
    answer: z.strictObject({
      dryRun: z.boolean(),
      released: z.boolean().describe('False where there was no quarantine'),
    }),
    recorded: true,
  },
  listSwitches: {
    method: 'GET',
    path: '/v1/switches',
    summary: 'How the switches stand',
    parameters: nothing,
    query: nothing,
    status: 200,
    answer: z.strictObject({
      switches: z.record(feature, switchInForce).describe('What was thrown'),
      settings: z
        .record(feature, switchInForce)
        .describe('What the settings say beside it: a feature is on where both say so'),
    }),
    recorded: false,
  },
  readSwitch: {
    method: 'GET',
    path: '/v1/switches/{feature}',
    summary: 'How one switch stands',
    parameters: z.strictObject({ feature }),
    query: nothing,
    status: 200,
    answer: switchInForce.extend({ settings: switchInForce.describe('What the settings say beside it') }),
    recorded: false,
  },
  throwSwitch: {
    method: 'PUT',
    path: '/v1/switches/{feature}',
    summary: 'Switch a feature on, off, or off for some cameras',
    description: 'Live views that need it end within a second. It can be repeated.',
    parameters: z.strictObject({ feature }),
    query: dryRun,
    body: switchPosition,
    status: 200,
    answer: z.strictObject(ending),
    recorded: true,
  },
  drain: {
    method: 'POST',
    path: '/v1/drain',
    summary: 'Take no new work, let everyone move, and end',
    parameters: nothing,
    query: dryRun,
    body: z.strictObject({
      overSeconds: z
        .number()
        .int()
        .min(1)
        .max(limits.drainSecondsMax)
        .optional()
        .describe('Over how long clients are told to move; the node’s own setting, when left out'),
    }),
    bodyOptional: true,
    status: 202,
    answer: z.strictObject({
      dryRun: z.boolean(),
      sessions: count.describe('Live views that have to end or move'),
      cameras: count.describe('Cameras that are told to move'),
    }),
    recorded: true,
  },
  reload: {
    method: 'POST',
    path: '/v1/reload',
    summary: 'Take keys, certificates, limits and switches from the settings anew',
    description: 'Settings that cannot be used change nothing.',
    parameters: nothing,
    query: nothing,
    status: 200,
    answer: z.strictObject({
      changed: z.array(z.string()).describe('Settings that were taken'),
      needRestart: z.array(z.string()).describe('Settings that differ and are taken at the next start alone'),
    }),
    recorded: true,
  },
  whoSaw: {
    method: 'GET',
    path: '/v1/audit/who-saw',
    summary: 'Who saw a camera, and when',
    parameters: nothing,
    query: z.strictObject({ device, ...period }),
    status: 200,
    answer: sightings,
    recorded: true,
  },
  whatSaw: {
    method: 'GET',
    path: '/v1/audit/what-saw',
    summary: 'What a person saw, and when',
    parameters: nothing,
    query: z.strictObject({ subject, ...period }),
    status: 200,
    answer: sightings,
    recorded: true,
  },
  readDescription: {
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'This description',
    parameters: nothing,
    query: nothing,
    status: 200,
    answer: z.looseObject({ openapi: z.string() }),
    recorded: false,
  },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof operations;
export type AnswerOf<Id extends OperationId> = z.infer<(typeof operations)[Id]['answer']>;

/** A problem document (RFC 9457). */
export const problemDocument = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.number().int().min(400).max(599),
  detail: z.string().describe('What happened, and what to do'),
  code: z.string().describe('A code of the closed table of errors'),
  done: z.literal(true).optional().describe('It was done all the same, and could not be recorded'),
});
