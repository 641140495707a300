import { describe, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import type { Ownership } from '../../src/ownership/index.ts';
import { createPairing, isVerifiedPair } from '../../src/pairing/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { granting, questionOf } from '../ownership/support/scripted-source.ts';
import { codeOf } from '../support/codes.ts';
import { disguised } from '../support/forgeries.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { viewerProof } from '../support/proofs.ts';

function pairingOver(change: (ownership: Ownership, clock: ManualClock) => Partial<Ownership> = () => ({})) {
  const { ownership, source, clock } = asking();
  const close = () => ownership.close();
  const may: Ownership['may'] = (viewer, device) => ownership.may(viewer, device);
  const devices: Ownership['devices'] = (viewer) => ownership.devices(viewer);
  const pairing = createPairing({ may, devices, close, ...change(ownership, clock) }, clock);
  return { pairing, source, clock, alice: viewerProof('alice', clock.now()), ben: viewerProof('ben', clock.now()) };
}

describe('pairing', () => {
  it('joins a viewer and a device that they may see', async () => {
    const { pairing, alice } = pairingOver();
    const pair = await pairing.pair(alice, deviceId('cam1'));
    expect(isVerifiedPair(pair)).toBe(true);
    expect(pair).toMatchObject({ subject: 'alice', device: 'cam1' });
  });

  it('joins a viewer and all devices that they may see', async () => {
    const { pairing, source, alice } = pairingOver();
    source.list = () => ['a', 'b'].map((device) => granting(questionOf('alice', device)));
    const pairs = await pairing.pairsOf(alice);
    expect(pairs.map(({ subject, device }) => `${subject} ${device}`)).toEqual(['alice a', 'alice b']);
    expect(pairs.every(isVerifiedPair)).toBe(true);
  });

  it('refuses what ownership refuses', async () => {
    const { pairing, source, alice } = pairingOver();
    source.answer = () => Promise.reject(new Error('down'));
    source.list = () => Promise.reject(new Error('down'));
    expect(await codeOf(pairing.pair(alice, deviceId('cam1')))).toBe('source-unavailable');
    expect(await codeOf(pairing.pairsOf(alice))).toBe('source-unavailable');
  });

  it('believes no ownership that proves another subject or device', async () => {
    const others = [viewerProof('ben', 0), deviceId('cam1')] as const;
    const crossedSubject = pairingOver((real) => ({ may: () => real.may(...others) }));
    expect(await codeOf(crossedSubject.pairing.pair(crossedSubject.alice, deviceId('cam1')))).toBe('not-allowed');
    const crossedDevice = pairingOver((real) => ({ may: (viewer) => real.may(viewer, deviceId('cam10')) }));
    expect(await codeOf(crossedDevice.pairing.pair(crossedDevice.alice, deviceId('cam1')))).toBe('not-allowed');
    const crossedList = pairingOver((real) => ({ devices: async () => [await real.may(...others)] }));
    expect(await codeOf(crossedList.pairing.pairsOf(crossedList.alice))).toBe('not-allowed');
  });

  it('believes no ownership that is none', async () => {
    const { pairing, alice } = pairingOver((real) => ({
      may: async (viewer, device) => disguised({ ...(await real.may(viewer, device)) }),
    }));
    expect(await codeOf(pairing.pair(alice, deviceId('cam1')))).toBe('not-allowed');
  });

  it('says so when a viewer has outlived their token', async () => {
    const { pairing, source, clock, alice } = pairingOver();
    source.list = () => [granting(questionOf('alice', 'a'))];
    clock.advance(3_600_000);
    expect(await codeOf(pairing.pair(alice, deviceId('cam1')))).toBe('token-expired');
    expect(await codeOf(pairing.pairsOf(alice))).toBe('token-expired');
  });

  it('leaves out of a list what ended while it was made', async () => {
    const { pairing, source, clock, alice } = pairingOver((real, clock) => ({
      devices: async (viewer) => {
        const proofs = await real.devices(viewer);
        clock.advance(1_000);
        return proofs;
      },
    }));
    const endings: [string, number | undefined][] = [
      ['ended', clock.now() + 999],
      ['ending', clock.now() + 1_000],
      ['lasting', clock.now() + 1_001],
      ['endless', undefined],
    ];
    source.list = () => endings.map(([device, endMs]) => granting(questionOf('alice', device), 'viewer', endMs));
    const pairs = await pairing.pairsOf(alice);
    expect(pairs.map(({ device }) => device)).toEqual(['lasting', 'endless']);
  });

  it('reads the clock once for a whole list', async () => {
    let nowMs = 0;
    const { ownership, source } = asking();
    const pairing = createPairing(ownership, { now: () => ++nowMs, after: () => ({ cancel() {} }) });
    source.list = () => ['a', 'b'].map((device) => granting(questionOf('alice', device), 'viewer', 9e15));
    await pairing.pairsOf(viewerProof('alice', 0, 9e15));
    expect(nowMs).toBe(1);
  });

  it('reads the clock when the answer is there, not when the question was asked', async () => {
    const { pairing, source, clock } = pairingOver();
    const brief = viewerProof('alice', clock.now(), clock.now() + 1_000);
    source.answer = async (question) => {
      clock.advance(1_000);
      return granting(question);
    };
    expect(await codeOf(pairing.pair(brief, deviceId('cam1')))).toBe('token-expired');
  });
});
