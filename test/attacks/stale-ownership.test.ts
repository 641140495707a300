// The former owner of a camera that was sold or given back. Ages hold: a yes is believed for seconds, not at all once
// the source tells of a change, and never beyond the end of a share.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSqliteSource } from '../../src/ownership/index.ts';
import { asking, cacheSettings } from '../ownership/support/asking.ts';
import { granting, questionOf, refusing } from '../ownership/support/scripted-source.ts';

it('after a transfer the former owner is out, and the new one in, as soon as an answer has aged', async () => {
  const { codeFor, source, clock } = asking();
  let owner = 'alice';
  source.answer = (question) => (question.subject === owner ? granting(question) : refusing(question));
  expect([await codeFor('alice', 'cam1'), await codeFor('ben', 'cam1')]).toEqual(['done', 'not-allowed']);
  owner = 'ben';
  clock.advance(cacheSettings.refusalMsMax);
  expect(await codeFor('ben', 'cam1')).toBe('done');
  clock.advance(cacheSettings.grantMsMax - cacheSettings.refusalMsMax);
  expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
});

it('asking again and again does not keep an old answer alive', async () => {
  const { codeFor, source, clock } = asking();
  await codeFor('alice', 'cam1');
  source.answer = refusing;
  for (let waitedMs = 0; waitedMs < cacheSettings.grantMsMax; waitedMs += 100) {
    expect(await codeFor('alice', 'cam1')).toBe('done');
    clock.advance(100);
  }
  expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
});

it('an answer that was slow is not believed for longer', async () => {
  const { codeFor, source, clock } = asking();
  source.answer = async (question) => {
    clock.advance(2_000);
    return granting(question);
  };
  await codeFor('alice', 'cam1');
  source.answer = refusing;
  clock.advance(cacheSettings.grantMsMax - 2_000);
  expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
});

it('a clock that was set back does not keep an old answer alive', async () => {
  const { codeFor, source, clock } = asking();
  await codeFor('alice', 'cam1');
  source.answer = refusing;
  clock.advance(-86_400_000);
  expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
});

it('with the embedded database the transfer works at once, whoever wrote it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-stale-'));
  const file = join(folder, 'ownership.sqlite');
  const { codeFor, clock, source, ownership } = asking({ source: openSqliteSource({ file, clock: asking().clock }) });
  const elsewhere = openSqliteSource({ file, clock });
  source.grant({ ...questionOf('alice', 'cam1'), role: 'owner' });
  expect([await codeFor('alice', 'cam1'), await codeFor('ben', 'cam1')]).toEqual(['done', 'not-allowed']);
  elsewhere.revoke(questionOf('alice', 'cam1'));
  elsewhere.grant({ ...questionOf('ben', 'cam1'), role: 'owner' });
  expect([await codeFor('alice', 'cam1'), await codeFor('ben', 'cam1')]).toEqual(['not-allowed', 'done']);
  await ownership.close();
  await elsewhere.close();
  rmSync(folder, { recursive: true });
});
