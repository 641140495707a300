import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { methods } from '../support/asyncapi/methods.ts';
import { type Answer, type Recorded, RecordedEnd } from '../support/asyncapi/recorded-end.ts';
import { ProtocolValidator } from '../support/asyncapi/validator.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { cameraAnswer, cameraOffer, viewerAnswer, viewerOffer } from '../support/signaling-world.ts';

const record: Recorded[] = [];
const validator = new ProtocolValidator();
let relay: RunningRelay;

const camera = async (device: string, answers: Readonly<Record<string, Answer>>) =>
  RecordedEnd.open(relay.url, 'camera', { record, token: await relay.token('camera', device), answers });

/** A set of ICE credentials that was not there before. */
const restarted = (description: string) => description.replace(/a=ice-ufrag:\S+/g, 'a=ice-ufrag:Re5t');

beforeAll(async () => {
  relay = await runningRelay({ environment: { LATCHKEY_RELAY_WORKERS: '1' } });
  for (const device of ['answering', 'offering']) await relay.grant('alice', device);
  await answeringFlow();
  await offeringFlow();
  await errorsAndEnds();
});

afterAll(() => relay[Symbol.asyncDispose]());

async function answeringFlow(): Promise<void> {
  const extended = Promise.withResolvers<void>();
  const device = await camera('answering', {
    invite: () => ({ result: { answer: cameraAnswer } }),
    extend: ({ expiryTimeSeconds }) => {
      extended.resolve();
      return { result: { expiryTimeSeconds } };
    },
  });
  expect((await device.ask('register', { name: 'Door', capabilities: ['answer'], sessions: [] })).result).toMatchObject(
    {
      ticket: expect.any(String),
      sessions: [],
    },
  );
  const viewer = await RecordedEnd.open(relay.url, 'viewer', { record });
  const authorization = await relay.token('viewer', 'alice');
  await viewer.ask('register', { authorization });
  const { result } = await viewer.ask('connect', {
    peer: 'answering',
    authorization,
    offer: viewerOffer,
    profile: 'main',
  });
  const session = result?.session;
  await viewer.ask('trickle', { session, candidate: { candidate: '', sdpMid: '0' } });
  await viewer.ask('extend', { session, authorization: await relay.token('viewer', 'alice', 7_200) });
  await extended.promise;
  await device.ask('extend', { session });
  await device.ask('trickle', { session, candidate: null });
  await viewer.ask('invite', { session, offer: restarted(viewerOffer) });
  await viewer.ask('leave', { session });
  for (const each of [device, viewer]) expect((await each.told()).error?.data?.reason).toBe('viewer-left');
  const { result: again } = await viewer.ask('connect', { peer: 'answering', offer: viewerOffer });
  await device.ask('leave', { session: again?.session });
  expect((await viewer.told()).error?.data?.reason).toBe('camera-left');
  await viewer.ask('unregister');
  await device.ask('unregister');
}

async function offeringFlow(): Promise<void> {
  const connected = Promise.withResolvers<unknown>();
  const device = await camera('offering', {
    connect: ({ session }) => {
      connected.resolve(session);
      return { result: { capabilities: ['trickle'] } };
    },
  });
  await device.ask('register', { capabilities: ['subProtocols'] });
  const viewer = await RecordedEnd.open(relay.url, 'viewer', {
    record,
    token: await relay.token('viewer', 'alice'),
    answers: { invite: () => ({ result: { answer: viewerAnswer, subprotocols: ['a'] } }) },
  });
  const opened = await viewer.ask('connect', { peer: 'offering' });
  const session = await connected.promise;
  expect(opened.result).toMatchObject({ session });
  const invited = await device.ask('invite', { session, offer: cameraOffer, subprotocols: ['a'] });
  expect(invited.result).toMatchObject({ answer: expect.any(String), grant: expect.any(String) });
  viewer.say({ jsonrpc: '2.0', error: { code: 1002, message: 'Peer disconnected', session } });
  expect((await device.told()).error?.data?.reason).toBe('viewer-left');
}

async function errorsAndEnds(): Promise<void> {
  const busy = await camera('answering', {
    invite: () => ({ error: { code: 1001, message: 'I have enough viewers.' } }),
  });
  await busy.ask('register', { capabilities: ['answer'] });
  const viewer = await RecordedEnd.open(relay.url, 'viewer', { record, token: await relay.token('viewer', 'alice') });
  const refused = async (method: string, params: object) => (await viewer.ask(method, params)).error?.data?.reason;
  expect(await refused('connect', { peer: 'answering', offer: viewerOffer })).toBe('device-busy');
  expect((await busy.told()).error?.data?.reason).toBe('setup-failed');
  expect(await refused('connect', { peer: 'somebody-elses' })).toBe('not-allowed');
  expect(await refused('connect', { peer: 'answering', offer: 'v=0' })).toBe('sdp-malformed');
  expect(await refused('leave', { session: 'nowhere' })).toBe('session-unknown');
  viewer.sayNonsense('{');
  expect((await viewer.told()).error?.data?.reason).toBe('message-not-json');
  const newer = await camera('answering', {});
  await newer.ask('register');
  expect((await busy.told()).error?.data?.reason).toBe('registration-replaced');
  expect(await busy.client.closed).toEqual({ code: 4409, reason: 'registration-replaced' });
}

describe('what was said on real connections', () => {
  it('is described, each message', () => {
    const strange = record.filter((each) => validator.operationOf(each, each.asked) === undefined);
    expect(strange.map(({ end, by, text }) => `${end}, by ${by}: ${text}`)).toEqual([]);
  });

  it('has every method that is described, both ways', () => {
    const said = new Set(record.map((each) => validator.operationOf(each, each.asked)));
    const described = methods.map(({ caller, end, name }) => `${caller === 'relay' ? `relay-to-${end}` : end}-${name}`);
    const unsaid = described.filter((key) => !said.has(key));
    // A viewer's candidate goes to the relay, and no other end ever brings one; a viewer may register without a word.
    expect(unsaid).toEqual([]);
    for (const each of [
      'relay-to-camera-error',
      'relay-to-viewer-error',
      'viewer-error',
      'relay-to-viewer-error-reply',
    ]) {
      expect(said).toContain(each);
    }
  });

  it('is described no more when any value of it is of another kind', () => {
    const passed = record.flatMap((each) =>
      [...mutants(JSON.parse(each.text))]
        .filter(
          ([, mutant]) => validator.operationOf({ ...each, text: JSON.stringify(mutant) }, each.asked) !== undefined,
        )
        .map(([where]) => `${each.end}, by ${each.by}, ${each.asked ?? ''} ${where}`),
    );
    expect([...new Set(passed)]).toEqual([]);
  });

  it('is described no more, where the relay says it, with a member that is not described', () => {
    for (const each of record.filter(({ by }) => by === 'relay')) {
      const message = JSON.parse(each.text);
      const inner = message.params ?? message.result ?? message.error;
      inner.surprise = true;
      expect(validator.operationOf({ ...each, text: JSON.stringify(message) }, each.asked)).toBeUndefined();
    }
  });
});

/** The message with one value replaced by one of another kind, or one of its own members left out. */
function* mutants(message: Record<string, unknown>): Generator<[string, unknown]> {
  for (const name of Object.keys(message)) {
    // A request may be a notification, and one without a need for parameters may have none.
    if (name === 'params' && !('session' in Object(message.params) || 'peer' in Object(message.params))) continue;
    // An error is one without the request that it answers, as well.
    if (name === 'id' && 'error' in message) continue;
    const { [name]: _, ...rest } = message;
    yield [`without ${name}`, rest];
  }
  for (const path of leaves(message, [])) yield [path.join('.'), replaced(message, path)];
}

/** Keys of a set are JSON Web Keys, which another specification describes. */
function* leaves(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (path.at(-1) === 'grantKeys') return;
  if (typeof value !== 'object' || value === null) {
    yield path;
    return;
  }
  for (const [name, member] of Object.entries(value)) yield* leaves(member, [...path, name]);
}

function replaced(value: unknown, [head, ...rest]: readonly string[]): unknown {
  if (head === undefined) return value === null ? ['no', 'null'] : { no: typeof value };
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  Reflect.set(copy, head, replaced(Reflect.get(copy, head), rest));
  return copy;
}
