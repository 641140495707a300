import { describe, expect, it } from 'vitest';
import { sourceOf, takeAim } from '../../src/storm/aim.ts';

const at =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('the aim of a storm', () => {
  it('is a relay on this machine', async () => {
    const aim = await takeAim({ relay: 'http://localhost:8080', targetIsMine: false }, at('::1', '127.0.0.1'));
    expect(aim).toMatchObject({
      address: '127.0.0.1',
      port: 8080,
      secure: false,
      host: 'localhost:8080',
      path: '/webrtc',
    });
  });

  it('is no relay elsewhere without the word of its operator', async () => {
    const aiming = takeAim({ relay: 'https://relay.example', targetIsMine: false }, at('203.0.113.7'));
    await expect(aiming).rejects.toMatchObject({
      code: 'params-invalid',
      detail: expect.stringMatching(/--target-is-mine/),
    });
  });

  it('is no relay that is elsewhere too', async () => {
    const aiming = takeAim({ relay: 'http://relay.example', targetIsMine: false }, at('127.0.0.1', '203.0.113.7'));
    await expect(aiming).rejects.toMatchObject({ code: 'params-invalid' });
  });

  it('is a relay elsewhere with it', async () => {
    const aim = await takeAim({ relay: 'https://relay.example/edge', targetIsMine: true }, at('203.0.113.7'));
    expect(aim).toMatchObject({
      address: '203.0.113.7',
      port: 443,
      secure: true,
      path: '/edge/webrtc',
      manySources: false,
    });
    expect(sourceOf(aim, 1)).toBeUndefined();
  });

  it('is nothing that has no address', async () => {
    const nowhere = takeAim({ relay: 'http://nowhere.example', targetIsMine: true }, () =>
      Promise.reject(new Error('no')),
    );
    await expect(nowhere).rejects.toMatchObject({ code: 'relay-unreachable' });
    const empty = takeAim({ relay: 'http://nowhere.example', targetIsMine: true }, at());
    await expect(empty).rejects.toMatchObject({ code: 'relay-unreachable' });
  });

  it.each(['', 'relay.example', 'ftp://relay.example', 'http://user:password@relay.example'])(
    'is not %j',
    async (relay) => {
      await expect(takeAim({ relay, targetIsMine: true }, at('127.0.0.1'))).rejects.toMatchObject({
        code: 'settings-invalid',
      });
    },
  );

  it('comes from an address of its own for each camera on loopback', async () => {
    const aim = {
      ...(await takeAim({ relay: 'http://127.0.0.1:1', targetIsMine: false }, at('127.0.0.1'))),
      manySources: true,
    };
    const sources = Array.from({ length: 70_000 }, (_, index) => sourceOf(aim, index));
    expect(new Set(sources).size).toBe(70_000);
    expect(sources[0]).toBe('127.64.0.0');
    expect(sources[65_536 + 258]).toBe('127.65.1.2');
  });
});
