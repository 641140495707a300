// A former owner who can put themselves, or a faulty proxy, between the relay and the maker's service, and gives it an answer of
// before. The nonce and the MAC hold: an answer is good for the one question that it was given to.
import { expect, it } from 'vitest';
import { Redacted, systemClock, systemRandom } from '../../src/base/index.ts';
import { openServiceSource } from '../../src/ownership/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { makersService, send } from '../ownership/support/makers-service.ts';
import { questionOf } from '../ownership/support/scripted-source.ts';

it('answers of before, of others, and of a list reach nobody', async () => {
  const service = await makersService();
  const faults: string[] = [];
  const source = openServiceSource(
    { url: service.url, connectionsMax: 4, keys: new Redacted(service.key) },
    { clock: systemClock, random: systemRandom, observer: { alarm: (kind) => void faults.push(kind) } },
  );
  const { codeFor, devices, ownership, clock } = asking({ source });
  service.grant([{ ...questionOf('alice', 'cam1'), role: 'owner' }]);
  const kept: Record<string, unknown>[] = [];
  service.behave((_asked, response, truth) => {
    kept.push(truth);
    send(response, truth);
  });
  expect(await codeFor('alice', 'cam1')).toBe('done');
  expect(await devices('alice')).toEqual(['cam1']);

  service.revoke(questionOf('alice', 'cam1'));
  clock.advance(60_000);
  for (const answer of kept) {
    service.behave((_asked, response) => send(response, answer));
    expect(await codeFor('alice', 'cam1')).toBe('source-unavailable');
    expect(await codeFor('ben', 'cam1')).toBe('source-unavailable');
  }
  service.beHonest();
  expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
  expect(faults).toEqual(['source-crossed', 'source-crossed']);
  await ownership.close();
  await service.close();
});

it('a proxy that mixes up the answers of many questions at once crosses nobody', async () => {
  const service = await makersService();
  const keys = new Redacted(service.key);
  const source = openServiceSource(
    { url: service.url, connectionsMax: 64, keys },
    { clock: systemClock, random: systemRandom },
  );
  const { may, ownership } = asking({ source });
  const people = Array.from({ length: 20 }, (_, n) => n);
  service.grant(people.map((n) => ({ ...questionOf(`person${n}`, `cam${n}`), role: 'owner' as const })));
  const held: { respond: (truth: Record<string, unknown>) => void; truth: Record<string, unknown> }[] = [];
  service.behave((_asked, response, truth) => {
    held.push({ respond: (other) => send(response, other), truth });
    if (held.length < 4) return;
    const four = held.splice(0);
    for (const [at, { respond }] of four.entries()) respond(four[(at + 1) % 4]?.truth ?? {});
  });
  const asked = people.flatMap((n) => [may(`person${n}`, `cam${n}`), may(`person${n}`, `cam${(n + 1) % 20}`)]);
  const proofs = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
  expect(proofs).toEqual([]);
  await ownership.close();
  await service.close();
});
