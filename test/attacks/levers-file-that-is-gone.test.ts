// Who can mount it: whoever can take one file away, or a restore that forgets it: then nobody was ever signed out, and an old token is good again.

import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { subjectId } from '../../src/base/index.ts';
import { leversFile } from '../../src/wiring/index.ts';
import { runningRelay } from '../support/running-relay.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('a relay does not begin again as if nothing had been taken back', async () => {
  const environment = { LATCHKEY_DATA_DIRECTORY: temporaryFolder() };
  const start = () => runningRelay({ environment });
  const relay = await start();
  await relay.server.levers.revoke({ of: 'subject', subject: subjectId('alice') });
  await relay[Symbol.asyncDispose]();
  for (const ending of ['', '-wal', '-shm']) rmSync(`${leversFile(relay.settings)}${ending}`, { force: true });
  await expect(start()).rejects.toThrow(/levers\.sqlite: it is gone.*accept-loss/);
  await expect(start()).rejects.toThrow(/accept-loss/);
});
