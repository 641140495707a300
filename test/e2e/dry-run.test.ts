import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runningRelay } from '../support/running-relay.ts';

it('a relay says what a lever would end, and throws none', async () => {
  await using relay = await runningRelay();
  const token = JSON.parse(readFileSync(join(relay.settings.dataDirectory, 'admin-token'), 'utf8'));
  await relay.camera('maple-front-door');
  const response = await fetch(`${relay.server.adminUrl}/v1/revocations?dryRun=true`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ of: 'device', device: 'maple-front-door' }),
  });
  expect([response.status, await response.json()]).toEqual([
    200,
    { dryRun: true, sessionsEnded: 0, connectionsClosed: 1, atMs: null },
  ]);
  expect(relay.server.levers.list().revocations).toEqual([]);
});
