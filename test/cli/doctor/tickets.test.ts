import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ticketsCheck } from '../../../src/cli/doctor/tickets.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { patient, said } from './support/patient.ts';

function ofFile(text: string, mode = 0o600) {
  const file = join(temporaryFolder(), 'ticket-keys');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return patient({ environment: { LATCHKEY_IDENTITY_TICKETS_KEYS_FILE: file } });
}

const secret = randomBytes(32).toString('base64');
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

describe('the check of the keys of tickets', () => {
  it('is content with one that signs', async () => {
    expect(await said(ticketsCheck, ofFile(secret))).toEqual([expect.stringMatching(/^ok: .*has a key that signs/)]);
  });

  it.each<[string, string, number, RegExp]>([
    ['a key that is too short', 'c2hvcnQ=', 0o600, /^problem: .*line 1 holds no secret.*openssl rand/],
    ['a key that has ended', `${secret} ${inHours(-1)}`, 0o600, /^problem: .*has ended/],
    ['a key that ends before its tickets', `${secret} ${inHours(1)}`, 0o600, /warning: it ends before/],
    ['a file that others can read', secret, 0o644, /warning: .*mode 644\) → chmod 600/],
  ])('%s', async (_, text, mode, wanted) => {
    expect((await said(ticketsCheck, ofFile(text, mode))).join('\n')).toMatch(wanted);
  });

  it('a file that is not there is a problem', async () => {
    const environment = { LATCHKEY_IDENTITY_TICKETS_KEYS_FILE: 'no-such-file' };
    expect((await said(ticketsCheck, patient({ environment })))[0]).toMatch(/^problem: .*ENOENT/);
  });

  it('cannot tell of the relay’s own before there are some', async () => {
    const fresh = patient();
    expect((await said(ticketsCheck, fresh))[0]).toMatch(/^unknown: /);
    writeFileSync(join(fresh.settings.dataDirectory, 'ticket-keys.json'), '[]');
    expect((await said(ticketsCheck, fresh))[0]).toMatch(/^ok: the relay changes its own/);
  });

  it('says where there are none', async () => {
    const environment = { LATCHKEY_IDENTITY_TICKETS_ENABLED: 'false' };
    expect((await said(ticketsCheck, patient({ environment })))[0]).toMatch(/^ok: there are none/);
  });
});
