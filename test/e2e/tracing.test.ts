import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deviceId, subjectId } from '../../src/base/index.ts';
import { makersService } from '../ownership/support/makers-service.ts';
import { type Answer, RecordedEnd } from '../support/asyncapi/recorded-end.ts';
import { command } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { cameraAnswer, cameraOffer, viewerAnswer, viewerOffer } from '../support/signaling-world.ts';
import { type ReceivedSpan, spanReceiver } from '../support/span-receiver.ts';

const traceId = 'c'.repeat(32);
const traceparent = `00-${traceId}-${'d'.repeat(16)}-01`;

/** A relay whose spans go there, and whose source is a service of the maker's. */
async function tracedRelay(endpoint: string | null, sampleRatio = 1) {
  const service = await makersService();
  onTestFinished(() => service.close());
  service.grant([{ subject: subjectId('alice'), device: deviceId('garden'), role: 'owner', notAfterMs: undefined }]);
  process.env.LATCHKEY_SERVICE_KEYS = service.key;
  onTestFinished(() => {
    delete process.env.LATCHKEY_SERVICE_KEYS;
  });
  const headers: (string | undefined)[] = [];
  service.server.prependListener('request', (request) => headers.push([request.headers.traceparent].flat()[0]));
  const relay = await runningRelay({
    environment: {
      LATCHKEY_RELAY_WORKERS: '1',
      LATCHKEY_OWNERSHIP_SOURCE: 'http',
      LATCHKEY_OWNERSHIP_HTTP_URL: service.url,
      LATCHKEY_TRACING_ENDPOINT: JSON.stringify(endpoint),
      LATCHKEY_TRACING_SAMPLE_RATIO: String(sampleRatio),
    },
  });
  onTestFinished(() => relay[Symbol.asyncDispose]());
  return { relay, service, headers };
}

async function camera(relay: RunningRelay, capabilities: string[], answers: Readonly<Record<string, Answer>>) {
  const token = await relay.token('camera', 'garden');
  const end = await RecordedEnd.open(relay.url, 'camera', { record: [], token, answers });
  await end.ask('register', { capabilities });
  return end;
}

const answering = { invite: () => ({ result: { answer: cameraAnswer } }) };

/** Each span with the name of its parent. */
function tree(spans: readonly ReceivedSpan[]): string[] {
  const nameOf = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans
    .map(({ name, parentSpanId = '' }) => `${name} of ${nameOf.get(parentSpanId) ?? (parentSpanId || 'nobody')}`)
    .sort();
}

describe('a live view that is traced', () => {
  it('is one trace, from the viewer’s through the relay to the source', async () => {
    await using receiver = await spanReceiver();
    const { relay, headers } = await tracedRelay(receiver.endpoint, 0);
    await camera(relay, ['answer'], answering);
    const token = await relay.token('viewer', 'alice');
    const viewer = await RecordedEnd.open(relay.url, 'viewer', { record: [], token, headers: { traceparent } });
    for (const _ of ['asks the source', 'remembers']) {
      const { result } = await viewer.ask('connect', { peer: 'garden', offer: viewerOffer });
      await viewer.ask('leave', { session: result?.session });
    }
    await relay.server.close();

    expect(new Set(receiver.spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    const remote = 'd'.repeat(16);
    expect(tree(receiver.spans)).toEqual(
      [
        ...['upgrade', 'connect', 'connect'].map((name) => `${name} of ${remote}`),
        ...['authorize of connect', 'authorize of connect', 'answer of connect', 'answer of connect'],
        ...['ownership.source of authorize', 'ownership.cache of authorize'],
      ].sort(),
    );
    const source = receiver.spans.find(({ name }) => name === 'ownership.source');
    expect(headers).toEqual([`00-${traceId}-${source?.spanId}-01`]);
    for (const { attributes } of receiver.spans) expect(attributes['latchkey.outcome']).toBe('ok');
  });

  it('has the camera’s registration, ONVIF’s own flow, and what was refused, by name', async () => {
    await using receiver = await spanReceiver();
    const { relay, service } = await tracedRelay(receiver.endpoint);
    const connected = Promise.withResolvers<unknown>();
    const device = await camera(relay, [], {
      connect: ({ session }) => {
        connected.resolve(session);
        return { result: {} };
      },
    });
    const answers = { invite: () => ({ result: { answer: viewerAnswer } }) };
    const viewer = await RecordedEnd.open(relay.url, 'viewer', { record: [], answers });
    await viewer.ask('connect', { peer: 'garden', authorization: await relay.token('viewer', 'alice') });
    await device.ask('invite', { session: await connected.promise, offer: cameraOffer });
    await viewer.ask('connect', { peer: 'another' });
    service.behave((_, response) => response.writeHead(500).end());
    await viewer.ask('connect', { peer: 'a-third' });
    await relay.server.close();

    expect(tree(receiver.spans)).toEqual(
      [
        ...['upgrade of nobody', 'register of nobody', 'connect of nobody', 'connect of nobody', 'connect of nobody'],
        ...['verify of connect', 'answer of connect', ...Array(3).fill('authorize of connect')],
        ...Array(3).fill('ownership.source of authorize'),
      ].sort(),
    );
    const outcomes = receiver.spans
      .filter(({ name }) => name === 'connect')
      .map(({ attributes }) => attributes['latchkey.outcome']);
    expect(outcomes.sort()).toEqual(['not-allowed', 'ok', 'source-unavailable']);
    expect(receiver.spans.find(({ name }) => name === 'answer')?.attributes['latchkey.flow']).toBe('onvif');
  });

  it('over WHEP goes on with the request’s trace, once its sender is verified', async () => {
    await using receiver = await spanReceiver();
    const { relay } = await tracedRelay(receiver.endpoint, 0);
    await camera(relay, ['answer'], answering);
    const ask = (authorization: string) =>
      fetch(`${relay.url}/whep/garden`, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp', authorization, traceparent },
        body: viewerOffer,
      });
    expect((await ask('Bearer no.token.really')).status).toBe(401);
    expect((await ask(`Bearer ${await relay.token('viewer', 'alice')}`)).status).toBe(201);
    await relay.server.close();
    expect(tree(receiver.spans)).toEqual([
      'answer of connect',
      'authorize of connect',
      `connect of ${'d'.repeat(16)}`,
      'ownership.source of authorize',
    ]);
  });

  it('names no person, no device and no address', async () => {
    await using receiver = await spanReceiver();
    const { relay } = await tracedRelay(receiver.endpoint);
    await camera(relay, ['answer'], answering);
    const viewer = await RecordedEnd.open(relay.url, 'viewer', {
      record: [],
      token: await relay.token('viewer', 'alice'),
    });
    await viewer.ask('connect', { peer: 'garden', offer: viewerOffer });
    await relay.server.close();
    expect(receiver.spans.length).toBeGreaterThan(4);
    expect(JSON.stringify([receiver.spans, receiver.resources])).not.toMatch(/alice|garden|127\.0\.0\.1/);
  });
});

describe('a receiver of spans', () => {
  it.each(['hangs', 'is not there'])('that %s keeps nobody from watching', async (what) => {
    await using receiver = await spanReceiver(() => {});
    const endpoint = what === 'hangs' ? receiver.endpoint : `http://127.0.0.1:${await freePort()}/v1/traces`;
    const { relay, headers } = await tracedRelay(endpoint);
    await camera(relay, ['answer'], answering);
    const viewer = await RecordedEnd.open(relay.url, 'viewer', {
      record: [],
      token: await relay.token('viewer', 'alice'),
    });
    for (let asked = 0; asked < 5; asked++) {
      const { result } = await viewer.ask('connect', { peer: 'garden', offer: viewerOffer });
      expect(result?.answer).toBeDefined();
      await viewer.ask('leave', { session: result?.session });
    }
    expect(headers).toHaveLength(1);
    await relay.server.close();
  });
});

describe('a relay that traces nothing', () => {
  it('hands nothing on to its source', async () => {
    const { relay, headers } = await tracedRelay(null);
    const token = await relay.token('viewer', 'alice');
    const viewer = await RecordedEnd.open(relay.url, 'viewer', { record: [], token, headers: { traceparent } });
    await viewer.ask('connect', { peer: 'garden' });
    expect(headers).toEqual([undefined]);
  });

  it.each([
    ['off', 'null', false],
    ['on', '"http://127.0.0.1:1/v1/traces"', true],
  ])('%s: whether a line of OpenTelemetry is loaded', async (_, endpoint, loaded) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-tracing-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [hook, list] = [join(folder, 'hook.mjs'), join(folder, 'loaded')];
    writeFileSync(
      hook,
      `import { registerHooks } from 'node:module';
       import { appendFileSync } from 'node:fs';
       registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + '\\n'); return next(url, context); } });`,
    );
    const { code } = await command(['serve', '--check', '--config', 'config/demo.json'], {
      NODE_OPTIONS: `--import ${pathToFileURL(hook)}`,
      LATCHKEY_DATA_DIRECTORY: join(folder, 'data'),
      LATCHKEY_TRACING_ENDPOINT: endpoint,
    });
    // The library of metrics loads the bare interface, which does nothing.
    const urls = readFileSync(list, 'utf8');
    expect([code, urls.includes('src/server.ts'), /otel-tracing|@opentelemetry\/(?!api\/)/.test(urls)]).toEqual([
      0,
      true,
      loaded,
    ]);
  });
});
