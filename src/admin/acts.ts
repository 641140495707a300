import type { z } from 'zod';
import { type DeviceId, deviceId, LatchkeyError, limits, subjectId } from '../base/index.ts';
import type { Change, LeverEffect, Levers, Revocation, SwitchPosition } from '../levers/index.ts';
import type { History } from './history.ts';
import {
  type AnswerOf,
  type Operation,
  type OperationId,
  operations,
  type revocation,
  type switchPosition,
} from './operations.ts';
import type { AdminPowers, Sightings } from './powers.ts';

/** What an act needs beside its input. */
export interface ActParts {
  readonly powers: AdminPowers;
  readonly history: History;
  readonly description: Record<string, unknown>;
  /** Something went wrong after the answer. */
  internal(error: unknown): void;
}

/** Input as it came, not yet looked at. */
export interface RawInput {
  readonly parameters: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** What is to be done: told to the record, and then done. */
export interface Prepared {
  /** Whom it is about, for the record. */
  readonly target?: string;
  readonly detail?: string;
  /** It only shuts something, so that it is done even when the record cannot be written. */
  readonly shuts: boolean;
  /** Nothing will change. */
  readonly dry: boolean;
  /** It is a lever that counts before it is kept, and also where it cannot be. */
  readonly atOnce?: boolean;
  run(): Promise<object>;
}

export type Act = (raw: RawInput, parts: ActParts) => Prepared;

/** How each operation is done. */
export const acts: Readonly<Record<OperationId, Act>> = {
  readStatus: act(operations.readStatus, (_, { powers, history }) =>
    looking(async () => {
      const status = powers.status();
      return { ...status, now: history.now(status) } satisfies AnswerOf<'readStatus'>;
    }),
  ),
  readHistory: act(operations.readHistory, (_, { history }) => looking(async () => history.answer)),
  listRevocations: act(operations.listRevocations, (_, { powers }) =>
    looking(async () => ({ revocations: offered(powers.levers).list().revocations })),
  ),
  revoke: act(operations.revoke, ({ query, body }, { powers }) => {
    const taken = revocationOf(body);
    const target = targetOf(taken);
    const about = { detail: body.of, ...(target !== undefined && { target }) };
    const levers = offered(powers.levers);
    if (isDry(query)) {
      return {
        ...about,
        ...dry,
        run: async () => ({ ...(await wouldEnd(levers, { revocation: taken })), atMs: null }),
      };
    }
    const run = async () => ({ dryRun: false, ...(await levers.revoke(taken)) });
    return { ...about, ...shutting, atOnce: true, run };
  }),
  release: act(operations.release, ({ parameters, query }, { powers }) => {
    const device = deviceId(parameters.device);
    const levers = offered(powers.levers);
    const isQuarantined = () =>
      levers.list().revocations.some((each) => each.of === 'device' && each.device === device);
    if (isDry(query)) {
      return { target: device, ...dry, run: async () => ({ dryRun: true, released: isQuarantined() }) };
    }
    const run = async () => ({ dryRun: false, released: await levers.release(device) });
    return { target: device, ...opening, run };
  }),
  listSwitches: act(operations.listSwitches, (_, { powers }) =>
    looking(async () => {
      const { switches, settings } = offered(powers.levers).list();
      return { switches, settings };
    }),
  ),
  readSwitch: act(operations.readSwitch, ({ parameters }, { powers }) =>
    looking(async () => {
      const { switches, settings } = offered(powers.levers).list();
      return { ...switches[parameters.feature], settings: settings[parameters.feature] };
    }),
  ),
  throwSwitch: act(operations.throwSwitch, ({ parameters: { feature }, query, body }, { powers }) => {
    const position = positionOf(body);
    const about = { target: feature, detail: wordsOf(position) };
    const levers = offered(powers.levers);
    if (isDry(query)) return { ...about, ...dry, run: () => wouldEnd(levers, { feature, position }) };
    const run = async () => ({ dryRun: false, ...(await levers.throwSwitch(feature, position)) });
    return { ...about, ...(position.position === 'off' ? shutting : opening), atOnce: position.position !== 'on', run };
  }),
  drain: act(operations.drain, ({ query, body }, { powers, internal }) => {
    const { overSeconds } = body ?? {};
    const begin = offered(powers.drain);
    const about = overSeconds === undefined ? {} : { detail: `over ${overSeconds} s` };
    const { sessions, cameras } = powers.status();
    const moving = { sessions: sessions.settingUp + sessions.live, cameras };
    if (isDry(query)) return { ...about, ...dry, run: async () => ({ dryRun: true, ...moving }) };
    const run = async () => {
      begin(overSeconds === undefined ? {} : { overSeconds }).catch(internal);
      return { dryRun: false, ...moving };
    };
    return { ...about, ...shutting, run };
  }),
  reload: act(operations.reload, (_, { powers }) => ({ ...opening, run: offered(powers.reload) })),
  whoSaw: act(operations.whoSaw, ({ query }, { powers }) => {
    const device = deviceId(query.device);
    const record = offered(powers.record);
    const [from, to] = period(query);
    return { target: device, ...opening, run: async () => listed(await record.whoSaw(device, from, to)) };
  }),
  whatSaw: act(operations.whatSaw, ({ query }, { powers }) => {
    const subject = subjectId(query.subject);
    const record = offered(powers.record);
    const [from, to] = period(query);
    return { target: subject, ...opening, run: async () => listed(await record.whatSaw(subject, from, to)) };
  }),
  readDescription: act(operations.readDescription, (_, { description }) => looking(async () => description)),
};

interface Read<O extends Operation> {
  readonly parameters: z.infer<O['parameters']>;
  readonly query: z.infer<O['query']>;
  readonly body: O extends { body: infer Body extends z.ZodType; bodyOptional: true }
    ? z.infer<Body> | undefined
    : O extends { body: infer Body extends z.ZodType }
      ? z.infer<Body>
      : undefined;
}

/** Reads the input by the operation's own schemas. Throws `params-invalid`, which names the place and never quotes the value. */
function act<O extends Operation>(operation: O, prepare: (input: Read<O>, parts: ActParts) => Prepared): Act {
  return (raw, parts) => {
    const { body } = operation;
    const isLeftOut = raw.body === undefined && (body === undefined || operation.bodyOptional === true);
    const input = {
      parameters: read(operation.parameters, raw.parameters, 'path'),
      query: read(operation.query, raw.query, 'query'),
      body: isLeftOut || body === undefined ? undefined : read(body, raw.body, 'body'),
    };
    return prepare(input as Read<O>, parts);
  };
}

function read<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const names = issue?.code === 'unrecognized_keys' ? 'has a member that is not known' : (issue?.message ?? '');
  throw new LatchkeyError('params-invalid', `${[place, ...(issue?.path ?? [])].join('.')}: ${names}`);
}

const opening = { shuts: false, dry: false };
const shutting = { shuts: true, dry: false };
const dry = { shuts: true, dry: true };

function looking(run: () => Promise<object>): Prepared {
  return { shuts: true, dry: true, run };
}

function offered<Power>(power: Power | undefined): Power {
  if (power === undefined) throw new LatchkeyError('not-offered');
  return power;
}

function isDry(query: { dryRun?: 'true' | 'false' | undefined }): boolean {
  return query.dryRun === 'true';
}

async function wouldEnd(levers: Levers, change: Change): Promise<LeverEffect & { dryRun: true }> {
  return { dryRun: true, ...(await levers.wouldEnd(change)) };
}

function revocationOf(body: z.infer<typeof revocation>): Revocation {
  switch (body.of) {
    case 'subject':
      return { of: 'subject', subject: subjectId(body.subject) };
    case 'device':
      return { of: 'device', device: deviceId(body.device) };
    default:
      return body;
  }
}

function targetOf(taken: Revocation): string | undefined {
  switch (taken.of) {
    case 'subject':
      return taken.subject;
    case 'device':
      return taken.device;
    case 'token':
      return taken.tokenId;
    case 'all':
      return undefined;
  }
}

/** An empty list is nobody’s, and neither everyone’s nor no switch at all. */
function positionOf(body: z.infer<typeof switchPosition>): SwitchPosition {
  if (body.position !== 'off-for') return body;
  if (body.prefixes.length + body.devices.length === 0) {
    throw new LatchkeyError('params-invalid', 'body: off-for names no camera; name one, or a prefix');
  }
  return { ...body, devices: body.devices.map((device): DeviceId => deviceId(device)) };
}

function wordsOf(position: SwitchPosition): string {
  if (position.position !== 'off-for') return position.position;
  const { prefixes, devices } = position;
  return `off for ${devices.length} cameras and ${prefixes.length} prefixes: ${[...prefixes, ...devices].join(' ')}`;
}

function period({ from, to }: { from: string; to: string }): [number, number] {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (fromMs < 0 || !(fromMs <= toMs)) throw new LatchkeyError('params-invalid', 'query: from lies after to');
  return [fromMs, toMs];
}

function listed({ found, namesFromMs }: Sightings): AnswerOf<'whoSaw'> {
  const { adminSightingsMax: most } = limits;
  return { sightings: found.slice(0, most), more: found.length > most, namesFromMs };
}
