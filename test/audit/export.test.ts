import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExportCheck, exportLines, subjectLines } from '../../src/audit/index.ts';
import { LatchkeyError, limits } from '../../src/base/index.ts';
import { codeOf } from '../support/codes.ts';
import { AuditPlace, startMs } from './support/audit-place.ts';

const day = 86_400_000;

function look(lines: readonly string[], publicKey?: string) {
  const check = new ExportCheck(publicKey);
  for (const line of lines) check.take(line.trimEnd());
  return check.conclude();
}

/** An export of a record of which somebody was erased. */
function exported(span: Parameters<typeof exportLines>[1] = {}) {
  using place = new AuditPlace();
  place.fill(4);
  const store = place.store();
  store.erase('ben', 'somebody', startMs + day);
  store.close();
  return { lines: [...exportLines(place.place, span, startMs + day)], publicKey: place.publicKey };
}

describe('an export', () => {
  it('is verified by itself, and by the key that was written down', () => {
    const { lines, publicKey } = exported();
    expect(look(lines)).toMatchObject({ records: 9, first: 1, last: 9, erased: 2, findings: [], publicKey });
    expect(look(lines, publicKey).findings).toEqual([]);
    expect(look(lines, publicKey.replace(/^./, 'A')).findings).not.toEqual([]);
  });

  it('of a part is verified as well, with erasures that came after it', () => {
    const { lines } = exported({ fromMs: startMs + 60_000, toMs: startMs + 3 * 60_000 });
    expect(look(lines)).toMatchObject({ first: 3, last: 7, findings: [] });
  });

  it('of no time at all says that there was nothing', () => {
    const { lines } = exported({ fromMs: startMs + 9 * day, toMs: startMs + 10 * day });
    expect(look(lines)).toMatchObject({ records: 0, findings: [] });
  });

  it('that lost or changed a line is not believed', () => {
    const { lines, publicKey } = exported();
    const changes = [
      ...lines.slice(1).map((_, at) => lines.filter((__, other) => other !== at + 1)),
      lines.map((line) => line.replace('alice', 'clara')),
      lines.map((line) => line.replace('viewer-left', 'camera-left')),
      lines.map((line) => line.replace('answer', 'onvifs')),
    ];
    for (const changed of changes) expect(look(changed, publicKey).findings).not.toEqual([]);
  });

  it('that says of an erasure what nobody signed is not believed', () => {
    using place = new AuditPlace();
    place.fill(2);
    const lines = [...exportLines(place.place, {}, startMs)];
    const stolen = lines.map((line) => line.replace(/"names":\[.*?\],"previous"/, '"names":[],"previous"'));
    const body = '{"by":"me","names":2,"part":"subject","records":"1,3"}';
    const erasure = { ...JSON.parse(lines[1] ?? ''), kind: 'erased', seq: 99, body, names: [] };
    const head = JSON.parse(lines.at(-1) ?? '').head;
    const forged = JSON.stringify({ erasure: sorted(erasure), signed: head });
    stolen.splice(1, 0, forged);
    expect(look(stolen).findings.map(({ kind }) => kind)).toContain('name-gone');
  });

  it('of a person is all that is on record of them, and nothing of anybody else', () => {
    using place = new AuditPlace();
    place.fill(4);
    const lines = [...subjectLines(place.place, 'alice')];
    const kinds = lines.map((line) => JSON.parse(line).kind);
    expect(kinds).toEqual(['session-started', 'session-ended', 'session-started', 'session-ended']);
    expect(lines.join()).not.toContain('ben');
    expect([...subjectLines(place.place, 'nobody')]).toEqual([]);
  });
});

function sorted(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('the reader of exports', () => {
  it.each(['', 'x', '{}', '[]', '{"format":"latchkey-audit-2","publicKey":"x"}', '{"format":"latchkey-audit-1"}'])(
    'refuses what does not begin one: “%s”',
    async (line) => {
      expect(await codeOf(() => look([line]))).toBe('params-invalid');
    },
  );

  it('refuses a line that is longer than any can be, and takes one of that length for what it is', async () => {
    const { lines } = exported();
    const check = new ExportCheck(undefined);
    check.take((lines[0] ?? '').trimEnd());
    const long = 'x'.repeat(limits.auditLineCharactersMax);
    expect(await codeOf(() => check.take(`${long}x`))).toBe('params-invalid');
    expect(() => check.take(`${long}x`)).toThrow(/too long/);
    expect(() => check.take(long)).toThrow(/cannot be read/);
  });

  it('refuses an export that is empty, and one that goes on after its end', async () => {
    const { lines } = exported();
    expect(await codeOf(() => look([]))).toBe('params-invalid');
    expect(await codeOf(() => look([...lines, lines[2] ?? '']))).toBe('params-invalid');
  });

  it('says of every text what is wrong with it, and never fails in another way', () => {
    const { lines, publicKey } = exported();
    const mutated = fc
      .tuple(fc.nat(lines.length - 1), fc.nat(), fc.string({ maxLength: 4 }), fc.nat(6))
      .map(([line, at, put, cut]) =>
        lines.map((text, number) => {
          if (number !== line) return text.trimEnd();
          const from = at % text.length;
          return text.slice(0, from) + put + text.slice(from + cut).trimEnd();
        }),
      );
    const swapped = fc
      .tuple(
        fc.nat(lines.length - 1),
        fc.constantFrom('seq', 'atMs', 'hash', 'names', 'body', 'seals', 'head', 'base'),
        fc.jsonValue(),
      )
      .map(([line, member, value]) =>
        lines.map((text, number) =>
          number === line ? JSON.stringify(sorted({ ...JSON.parse(text), [member]: value })) : text.trimEnd(),
        ),
      );
    fc.assert(
      fc.property(fc.oneof(mutated, swapped, fc.array(fc.string())), (texts) => {
        try {
          const { findings } = look(texts, publicKey);
          if (texts.join() !== lines.map((line) => line.trimEnd()).join()) expect(Array.isArray(findings)).toBe(true);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(LatchkeyError);
          expect(thrown).toMatchObject({ code: 'params-invalid' });
        }
      }),
      { numRuns: 400 },
    );
  });
});
