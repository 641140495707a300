import { beforeEach, describe, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { claimsSource, createOwnership, type Ownership } from '../../src/ownership/index.ts';
import { codeOf } from '../support/codes.ts';
import { forgeriesOf } from '../support/forgeries.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { viewerProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { cacheSettings } from './support/asking.ts';
import { questionOf } from './support/scripted-source.ts';

const never = new AbortController().signal;
let clock: ManualClock;
let ownership: Ownership;
let told: string[];

beforeEach(() => {
  clock = new ManualClock();
  told = [];
  const observer = { answered: (outcome: string, from: string) => void told.push(`${outcome} ${from}`) };
  ownership = createOwnership(claimsSource(), cacheSettings, { clock, random: seededRandom(1) }, observer);
});

const viewer = (subject: string, ...devices: string[]) => viewerProof(subject, clock.now(), undefined, devices);
const may = (who: ReturnType<typeof viewer>, device: string) => codeOf(ownership.may(who, deviceId(device)));

describe('the claims of a token', () => {
  it('grant what they name, as a viewer, and nothing that is like it', async () => {
    const alice = viewer('alice', 'cam1', 'cam20');
    expect(await ownership.may(alice, deviceId('cam1'))).toMatchObject({ role: 'viewer', source: 'claims' });
    for (const like of ['cam2', 'cam10', 'cam', 'CAM1', 'am1']) expect(await may(alice, like)).toBe('not-allowed');
    expect((await ownership.devices(alice)).map(({ device }) => device)).toEqual(['cam1', 'cam20']);
  });

  it('grant nothing where they name nothing', async () => {
    expect(await may(viewer('alice'), 'cam1')).toBe('not-allowed');
    expect(await ownership.devices(viewer('alice'))).toEqual([]);
  });

  it('are not remembered for another token, though it is of the same subject and comes at the same time', async () => {
    const [rich, poor] = [viewer('alice', 'cam1'), viewer('alice')];
    expect(await Promise.all([may(rich, 'cam1'), may(poor, 'cam1'), may(rich, 'cam1')])).toEqual([
      'done',
      'not-allowed',
      'done',
    ]);
    expect(await may(poor, 'cam1')).toBe('not-allowed');
    expect(told.filter((each) => each.endsWith('cache'))).toEqual([]);
  });

  it('are those of the proof that asks: no other is believed', async () => {
    const source = claimsSource();
    const question = questionOf('alice', 'cam1');
    const proof = viewer('alice', 'cam1');
    for (const { name, forged } of forgeriesOf(proof)) {
      await expect(source.ask(question, never, forged as typeof proof), name).rejects.toThrow(TypeError);
      await expect(source.devicesOf(question.subject, never, forged as typeof proof), name).rejects.toThrow(TypeError);
    }
    await expect(source.ask(question, never, viewer('ben', 'cam1'))).rejects.toThrow(TypeError);
    await expect(source.ask(question, never)).rejects.toThrow(TypeError);
  });
});
