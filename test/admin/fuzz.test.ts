import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Operation, operations } from '../../src/admin/index.ts';
import { type AdminWorld, adminWorld, operatorToken } from '../support/admin-world.ts';
import { type Asked, describedFetch } from '../support/described-fetch.ts';

const words = [
  'of',
  'subject',
  'device',
  'token',
  'tokenId',
  'all',
  'position',
  'on',
  'off',
  'off-for',
  'prefixes',
  'devices',
].concat(['overSeconds', 'dryRun', 'sharing', 'live-view', '__proto__', 'constructor', 'cam-1', 'alice', '']);
const word = fc.oneof(fc.constantFrom(...words), fc.string(), fc.string({ unit: 'binary' }));
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    word,
    fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(word, tie('json'), { maxKeys: 5 }),
  ),
}));
/** Good ones, and good ones with one thing wrong. */
const nearlyGood = fc
  .tuple(
    fc.constantFrom<Record<string, unknown>>(
      { of: 'subject', subject: 'alice' },
      { of: 'device', device: 'cam-1' },
      { of: 'token', tokenId: 'x' },
      { of: 'all' },
      { position: 'on' },
      { position: 'off' },
      { position: 'off-for', prefixes: ['lab-'], devices: ['cam-1'] },
      { overSeconds: 30 },
    ),
    fc.option(fc.tuple(word, json)),
    fc.nat({ max: 3 }),
  )
  .map(([good, wrong, at]) => {
    const name = Object.keys(good)[at] ?? wrong?.[0];
    return wrong === null || name === undefined
      ? good
      : Object.defineProperty({ ...good }, name, {
          value: wrong[1],
          enumerable: true,
          configurable: true,
          writable: true,
        });
  });
const body: fc.Arbitrary<Asked> = fc.oneof(
  nearlyGood.map((value) => ({ raw: JSON.stringify(value) })),
  fc.constant({}),
  json.map((value) => ({ raw: JSON.stringify(value) })),
  fc.string({ unit: 'binary' }).map((raw) => ({ raw })),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ raw: Uint8Array.from(bytes) })),
);
const type = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'text/plain',
  'application/jsonx',
  ',',
);
const headers = fc.record(
  {
    'content-type': type,
    'if-none-match': fc.constantFrom('*', '""', 'W/'),
    accept: fc.constantFrom('text/html', '*/*', 'nonsense'),
    'x-forwarded-for': fc.constantFrom('127.0.0.1', '::1, 10.0.0.1'),
    origin: fc.constantFrom('null', 'https://elsewhere.example'),
  },
  { requiredKeys: [] },
);
const strayQuery = fc
  .array(
    fc.tuple(fc.constantFrom('dryRun', 'device', 'subject', 'from', 'to', 'x'), fc.oneof(word, fc.constant('true'))),
    {
      maxLength: 4,
    },
  )
  .map((pairs) => `?${new URLSearchParams(pairs)}`);
const mostlyGood = <T>(good: readonly T[], other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: other });
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND');
const path = (template: string) =>
  fc
    .tuple(mostlyGood(['cam-1', 'sharing'], word), fc.constantFrom('', '', '', '', '', '', '/', '/x', '//', '%', '%00'))
    .map(([segment, end]) => template.replace(/\{\w+\}/, () => encodeURIComponent(segment.toWellFormed())) + end);

/** The world must be able to say how it is, after whatever came. */
async function lives(world: AdminWorld): Promise<void> {
  const answer = await fetch(`${world.admin.url}/v1/status`, { headers: { authorization: `Bearer ${operatorToken}` } });
  expect(answer.status).toBe(200);
}

const takenByPath = new Map<string, number>();
const templates = [...new Set(Object.values<Operation>(operations).map((operation) => operation.path))];

describe.each(templates)('whatever comes to %s', (template) => {
  it('is answered as it is described, never with a fault; a refusal changes nothing and is recorded', async () => {
    await using world = await adminWorld();
    const ask = describedFetch(world.admin.url, operatorToken);
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        method,
        path(template),
        mostlyGood(['', '?dryRun=true'], strayQuery),
        fc.oneof(fc.constant<Asked>({}), body),
        mostlyGood([{}], headers),
        async (verb, target, more, asked, given) => {
          const [before, recorded] = [world.state, world.audit.entries.length];
          const carries = verb === 'GET' ? {} : asked;
          const { status } = await ask(verb, `${target}${more}`, { ...carries, headers: given });
          expect(status).not.toBe(500);
          if (status < 400) {
            taken++;
            return;
          }
          expect(world.state).toBe(before);
          expect(world.audit.entries.slice(recorded)).toMatchObject([{ by: 'operator', outcome: 'refused' }]);
        },
      ),
      { numRuns: 250 },
    );
    expect([world.faults, world.unrecorded]).toEqual([[], []]);
    takenByPath.set(template, taken);
    await lives(world);
  });
});

it('has let some of it in, or it would have looked at refusals alone', () => {
  const never = [...takenByPath].filter(([template, taken]) => taken === 0 && !template.startsWith('/v1/audit'));
  expect(never).toEqual([]);
});

describe('whatever comes without a credential', () => {
  it('changes nothing, is told nothing, and fills no record', async () => {
    await using world = await adminWorld();
    const ask = describedFetch(world.admin.url, operatorToken);
    const before = world.state;
    const any = fc.constantFrom(...templates).chain(path);
    const token = fc.oneof(fc.constant(null), fc.stringMatching(/^[!-~]{1,60}$/));
    await fc.assert(
      fc.asyncProperty(method, any, strayQuery, body, token, async (verb, target, more, asked, shown) => {
        const told = await ask(verb, `${target}${more}`, { ...(verb === 'GET' ? {} : asked), token: shown });
        expect([401, 429]).toContain(told.status);
        expect(Object.keys(told.body).sort()).toEqual(['code', 'detail', 'status', 'title', 'type']);
      }),
      { numRuns: 300 },
    );
    expect([world.state, world.audit.entries.length]).toEqual([before, 1]);
    await lives(world);
  });
});
