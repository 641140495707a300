import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/base/index.ts';
import { takeAim } from '../../src/storm/aim.ts';
import { StormSocket } from '../../src/storm/socket.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { crowdedPort } from './crowded-port.ts';

describe('a socket of a storm that is on its way', () => {
  it.each(['drop', 'close'] as const)('is gone at once by %s, and never sends its request', async (way) => {
    await using port = await crowdedPort();
    const aim = await takeAim({ relay: port.url, targetIsMine: false });
    const endings: string[] = [];
    const gone = Promise.withResolvers<void>();
    const socket = new StormSocket(
      aim,
      undefined,
      '',
      { clock: new ManualClock(), random: systemRandom },
      {
        open: () => endings.push('open'),
        message: () => endings.push('message'),
        ended: ({ kind }) => endings.push(kind),
        gone: gone.resolve,
      },
    );
    // By then the system has been asked to connect.
    await new Promise((resolve) => setImmediate(resolve));
    socket[way]();
    await gone.promise;
    expect(endings).toEqual(['left']);
  });
});
