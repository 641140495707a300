/**
 * Who can mount it: anyone who reaches the admin port, without a credential: a flood of refused requests that fills the record, hides what
 * matters in it, or keeps the operator out. Strangers have one line a minute in it, and their failures are not the operator's.
 */
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { adminWorld, operatorToken } from '../support/admin-world.ts';
import { describedFetch } from '../support/described-fetch.ts';

describe('a flood of guesses', () => {
  it('has one line in the record, and keeps nobody out who has a credential', async () => {
    await using world = await adminWorld();
    const ask = describedFetch(world.admin.url, operatorToken);
    const statuses = new Map<number, number>();
    for (let times = 0; times < 200; times++) {
      const { status } = await ask('POST', '/v1/revocations', { token: `guess-${times}`, body: { of: 'all' } });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [401, limits.adminFailuresBurstMax],
      [429, 200 - limits.adminFailuresBurstMax],
    ]);
    expect([world.audit.entries.length, world.levers.thrown]).toEqual([1, []]);
    expect((await ask('POST', '/v1/revocations', { body: { of: 'all' } })).status).toBe(200);
    expect(world.audit.outcomes.map(({ by }) => by)).toEqual(['nobody', 'operator']);
  });

  it('is told how long to wait', async () => {
    await using world = await adminWorld();
    const ask = describedFetch(world.admin.url, operatorToken);
    const guess = () => ask('GET', '/v1/status', { token: 'guess' });
    for (let times = 0; times < limits.adminFailuresBurstMax; times++) await guess();
    expect((await guess()).headers.get('retry-after')).toBe(String(60 / limits.adminFailuresPerMinuteMax));
  });

  it('does not use up anybody’s tries by requests without a credential, which a page elsewhere can send', async () => {
    await using world = await adminWorld();
    const ask = describedFetch(world.admin.url, operatorToken);
    for (let times = 0; times < 3 * limits.adminFailuresBurstMax; times++) {
      expect((await ask('GET', '/v1/status', { token: null })).status).toBe(401);
    }
  });
});
