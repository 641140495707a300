import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteSource, refusingSource } from '../../src/ownership/index.ts';
import { insertGrants } from '../ownership/support/insert-grants.ts';
import { ownershipSourceContract } from './ownership-source.ts';

ownershipSourceContract('that refuses everyone', () => ({ source: refusingSource(), end: () => {} }));

ownershipSourceContract('on SQLite', (clock) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-source-'));
  const file = join(folder, 'ownership.sqlite');
  const source = openSqliteSource({ file, clock });
  return {
    source,
    grant: (grants) => {
      if (grants.length > 100) insertGrants(file, grants);
      else for (const grant of grants) source.grant(grant);
    },
    revoke: (grant) => void source.revoke(grant),
    end: () => rmSync(folder, { recursive: true }),
  };
});
