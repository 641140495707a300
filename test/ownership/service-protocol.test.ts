import { createHmac, createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceId, limits, subjectId } from '../../src/base/index.ts';
import {
  labels,
  macOf,
  readDeviceAnswer,
  readDevicesAnswer,
  writeQuestion,
} from '../../src/ownership/service-protocol.ts';

const key = createSecretKey(Buffer.from('k'.repeat(32)));
const nonce = 'A'.repeat(22);
const ids = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:@|-]{0,20}$/);

/** A good answer, sealed. */
function sealed(more: Record<string, unknown> = {}): Record<string, unknown> {
  const said = { subject: 'alice', device: 'cam1', nonce, role: 'owner', notAfterMs: null, version: '1', ...more };
  const fields = [said.subject, said.device, said.nonce, said.role ?? '', said.notAfterMs ?? '', said.version];
  return { ...said, mac: macOf(key, [labels.answer, ...fields.map(String)]) };
}

describe('the protocol of a maker’s service', () => {
  it('is as it is written down', () => {
    const question = { subject: subjectId('alice'), device: deviceId('cam1'), nonce, askedMs: 1 };
    const text = `29:latchkey ownership question 16:device5:alice4:cam122:${nonce}1:1`;
    expect(writeQuestion(question, key)).toEqual({
      body: `{"ask":"device","subject":"alice","device":"cam1","nonce":"${nonce}","askedMs":1}`,
      mac: createHmac('sha256', 'k'.repeat(32)).update(text).digest('base64url'),
    });
  });

  it('never takes one field for another: any change of a sealed answer is seen', () => {
    const members = ['subject', 'device', 'nonce', 'role', 'notAfterMs', 'version', 'mac'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...members), fc.oneof(ids, fc.nat(), fc.constant(null)), (member, value) => {
        const good = sealed();
        if (good[member] === value) return;
        const read = readDeviceAnswer(JSON.stringify({ ...good, [member]: value }), [key]);
        expect(['malformed', 'mac']).toContain(read);
      }),
    );
  });

  it('reads back what was sealed, whatever it says', () => {
    fc.assert(
      fc.property(
        ids,
        ids,
        fc.constantFrom('owner', 'viewer', null),
        fc.option(fc.maxSafeNat()),
        (subject, device, role, notAfterMs) => {
          const read = readDeviceAnswer(JSON.stringify(sealed({ subject, device, role, notAfterMs })), [key]);
          expect(read).toEqual({
            nonce,
            answer: { subject, device, role: role ?? undefined, notAfterMs: notAfterMs ?? undefined, version: '1' },
          });
        },
      ),
    );
  });

  it('believes no text and no JSON that was not sealed, and throws for none', () => {
    const junk = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((text) => `{"subject":${text},"devices":[${text}]}`),
    );
    fc.assert(
      fc.property(junk, (text) => {
        for (const read of [readDeviceAnswer, readDevicesAnswer])
          expect(['malformed', 'mac']).toContain(read(text, [key]));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['the longest version', { version: 'v'.repeat(limits.sourceVersionCharactersMax) }, true],
    ['a longer one', { version: 'v'.repeat(limits.sourceVersionCharactersMax + 1) }, false],
    ['a version of two bytes a letter', { version: 'é' }, false],
    ['no version', { version: '' }, false],
    ['the latest time', { notAfterMs: Number.MAX_SAFE_INTEGER }, true],
    ['a time beyond', { notAfterMs: 2 ** 53 }, false],
    ['a time before all', { notAfterMs: -1 }, false],
  ])('of %s says what may be', (_, more, isGood) => {
    expect(readDeviceAnswer(JSON.stringify(sealed(more)), [key]) === 'malformed').toBe(!isGood);
  });
});
