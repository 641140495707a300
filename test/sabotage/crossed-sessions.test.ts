import { afterEach, describe, expect, it } from 'vitest';
import type { Session, Sessions, VerifiedPair } from '../../src/pairing/index.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

let relay: RunningRelay | undefined;

afterEach(() => relay?.[Symbol.asyncDispose]());

/** The table of sessions, crossed by hand: whoever comes later is given a session of the pair that came first. */
function crossing(real: Sessions): Sessions {
  let first: VerifiedPair | undefined;
  return {
    get size() {
      return real.size;
    },
    open(pair): Session {
      first ??= pair;
      return real.open(first);
    },
    ofViewer: (id, pair) => real.ofViewer(id, pair),
    ofCamera: (id, camera) => real.ofCamera(id, camera),
    endWhere: (match, reason) => real.endWhere(match, reason),
    review: () => real.review(),
    opposed: (rules) => real.opposed(rules),
  };
}

describe('a session table that crosses two sessions', () => {
  it('is held by the camera, which refuses a grant for another device', async () => {
    relay = await runningRelay({ parts: { sessions: crossing } });
    await relay.grant('alice', 'maple-garden');
    await relay.grant('chloe', 'harbour-nursery');
    const refused: string[] = [];
    await relay.camera('maple-garden');
    await relay.camera('harbour-nursery', {}, { grantRefused: (reason) => void refused.push(reason) });
    await using alice = await watching(relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');

    await using chloe = await watching(relay, 'chloe', 'harbour-nursery');

    expect(await chloe.outcome).toBe('device-refused');
    expect(chloe.frames).toEqual([]);
    expect(refused).toEqual(['device']);
    expect(await relay.metric('latchkey_refusals_total', { code: 'device-refused', where: 'websocket' })).toBe(1);
  });
});
