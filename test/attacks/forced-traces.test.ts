// Who can mount it: anyone who can send a `traceparent`. A stranger would have the relay record without end, or put its spans into somebody
// else's trace; until it is known who asks, the header counts for nothing. Who is verified may have a few traces in a second recorded.
import { describe, expect, it, onTestFinished } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { RecordedEnd } from '../support/asyncapi/recorded-end.ts';
import { runningRelay } from '../support/running-relay.ts';
import { spanReceiver } from '../support/span-receiver.ts';

const traceparent = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;

/** A relay that records nothing of its own accord. */
async function quietRelay(endpoint: string) {
  const relay = await runningRelay({
    environment: {
      LATCHKEY_RELAY_WORKERS: '1',
      LATCHKEY_TRACING_ENDPOINT: endpoint,
      LATCHKEY_TRACING_SAMPLE_RATIO: '0',
    },
  });
  onTestFinished(() => relay[Symbol.asyncDispose]());
  return relay;
}

describe('a traceparent', () => {
  it('of whoever is not verified has no say in what is recorded, nor in where', async () => {
    await using receiver = await spanReceiver();
    const relay = await quietRelay(receiver.endpoint);
    const options = { record: [], headers: { traceparent } };
    await expect(RecordedEnd.open(relay.url, 'viewer', { ...options, token: 'no.token.really' })).rejects.toThrow(
      '401',
    );
    const stranger = await RecordedEnd.open(relay.url, 'viewer', options);
    expect((await stranger.ask('connect', { peer: 'garden', authorization: 'no.token.really' })).error).toBeDefined();
    const late = await RecordedEnd.open(relay.url, 'viewer', options);
    expect(
      (await late.ask('connect', { peer: 'garden', authorization: await relay.token('viewer', 'alice') })).error?.code,
    ).toBe(403);
    const refused = await fetch(`${relay.url}/whep/garden`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', authorization: 'Bearer no.token.really', traceparent },
      body: 'v=0',
    });
    expect(refused.status).toBe(401);
    await relay.server.close();
    expect(receiver.exports).toBe(0);
  });

  it('of somebody who is verified has so much recorded in a second, and no more', async () => {
    await using receiver = await spanReceiver();
    const relay = await quietRelay(receiver.endpoint);
    const token = await relay.token('viewer', 'alice');
    const begunMs = Date.now();
    const viewer = await RecordedEnd.open(relay.url, 'viewer', { record: [], token, headers: { traceparent } });
    await Promise.all(Array.from({ length: limits.messagesBurstMax - 1 }, () => viewer.ask('register')));
    const seconds = Math.floor(Date.now() / 1_000) - Math.floor(begunMs / 1_000) + 1;
    await relay.server.close();
    expect(receiver.spans.length).toBeGreaterThanOrEqual(limits.tracesForcedPerSecondMax);
    expect(receiver.spans.length).toBeLessThanOrEqual(seconds * limits.tracesForcedPerSecondMax);
  });
});
