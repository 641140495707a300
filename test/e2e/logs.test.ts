import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/telemetry/index.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

const lines: string[] = [];
let relay: RunningRelay;

beforeAll(async () => {
  relay = await runningRelay({ parts: { log: createLog('debug', { write: (line) => void lines.push(line) }) } });
  await relay.grant('alice', 'maple-garden');
  await relay.camera('maple-garden');
});

afterAll(() => relay[Symbol.asyncDispose]());

describe('a whole session, and some that were refused', () => {
  it('leave no token, person, camera or address in the logs or the metrics', async () => {
    const token = await relay.token('viewer', 'alice');
    const stranger = await relay.token('viewer', 'dan');
    await using owner = await watching(relay, 'alice', 'maple-garden');
    expect(await owner.outcome).toBe('frame');
    await using dan = await watching(relay, 'dan', 'maple-garden');
    expect(await dan.outcome).toBe('not-allowed');
    await fetch(`${relay.url}/devices?access_token=${token}`);
    await fetch(`${relay.url}/whep/maple-garden?access_token=${stranger}`, { method: 'POST', body: 'v=0' });
    await fetch(`${relay.url}/nowhere/alice/maple-garden?access_token=${token}x`);
    await owner.view.close();
    await relay.server.close();

    const said = lines.join('') + (await relay.server.metrics.text());
    expect(lines.length).toBeGreaterThan(1);
    for (const secret of [token, stranger, token.split('.')[1] ?? '', 'alice', 'dan', 'maple-garden', '127.0.0.1']) {
      expect(said).not.toContain(secret);
    }
  });
});
