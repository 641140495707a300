import { describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../src/base/index.ts';
import { holdingHangups, served } from '../../src/cli/serving.ts';
import { shortDrain } from '../../src/wiring/index.ts';

function world(
  reload: () => Promise<{ changed: string[]; needRestart: string[] }> = async () => ({ changed: [], needRestart: [] }),
) {
  const told: string[] = [];
  const signals = new Map<string, () => void>();
  const drained = Promise.withResolvers<void>();
  let progress: (left: { cameras: number; connections: number; sessions: number }) => void = () => {};
  const serving = served(
    {
      async drain(options) {
        told.push(`drain ${JSON.stringify(options)}`);
      },
      drained: drained.promise,
      hasten: () => void told.push('hasten'),
      watchDrain: (heard) => {
        progress = heard;
      },
      reload,
    },
    {
      ready: (status) => void told.push(`ready: ${status}`),
      reloading: () => void told.push('reloading'),
      stopping: (status) => void told.push(`stopping: ${status}`),
      status: (text) => void told.push(`status: ${text}`),
      extend: (ms) => void told.push(`extend ${ms}`),
      close() {},
    },
    { on: (signal, run) => void signals.set(signal, run), exit: (code) => void told.push(`exit ${code}`) },
  );
  const send = (signal: string) => signals.get(signal)?.();
  return { told, send, serving, drained, progress: () => progress({ cameras: 3, connections: 4, sessions: 1 }) };
}

describe('a relay’s process', () => {
  it('drains at SIGTERM, hastens at a second signal, and ends at a third', async () => {
    const { told, send, serving, drained } = world();
    send('SIGTERM');
    send('SIGINT');
    send('SIGTERM');
    drained.resolve();
    await serving;
    expect(told).toEqual(['ready: Serving', 'drain {}', 'hasten', 'exit 130']);
  });

  it('drains for a short while at SIGINT', () => {
    const { told, send } = world();
    send('SIGINT');
    expect(told.at(-1)).toBe(`drain ${JSON.stringify(shortDrain)}`);
  });

  it('ends when it was drained by somebody else', async () => {
    const { serving, drained } = world();
    drained.resolve();
    await serving;
  });

  it('tells the service manager once that it stops, and how far it is, and asks for time', () => {
    const { told, progress } = world();
    progress();
    progress();
    const left = 'Moving everybody elsewhere: 3 cameras, 4 connections and 1 live views left';
    expect(told.slice(1)).toEqual([`stopping: ${left}`, 'extend 10000', `status: ${left}`, 'extend 10000']);
  });

  it('reads its settings again at SIGHUP, and is ready again whatever came of it', async () => {
    const good = world(async () => ({ changed: ['drain.leadSeconds'], needRestart: ['http.port'] }));
    good.send('SIGHUP');
    await Promise.resolve();
    await Promise.resolve();
    expect(good.told.slice(1)).toEqual([
      'reloading',
      'ready: Serving, with 1 settings changed; a new start is needed for http.port',
    ]);
    const bad = world(() => Promise.reject(new LatchkeyError('settings-invalid', 'http.tls: no')));
    bad.send('SIGHUP');
    await Promise.resolve();
    await Promise.resolve();
    expect(bad.told.at(-1)).toMatch(/^ready: Serving; settings were refused: .*http\.tls: no/);
  });

  it('that stops goes on stopping at SIGHUP', async () => {
    const { told, send, progress } = world();
    progress();
    send('SIGHUP');
    await Promise.resolve();
    await Promise.resolve();
    expect(told.slice(3)).toEqual(['status: Stopping, with 0 settings changed']);
  });

  it('that starts is not ended by SIGHUP, and reads its settings again when it has', () => {
    const heard: string[] = [];
    const signals = new Map<string, () => void>();
    const powers = holdingHangups({ on: (signal, run) => void signals.set(signal, run), exit() {} });
    signals.get('SIGHUP')?.();
    powers.on('SIGHUP', () => void heard.push('early'));
    expect(heard).toEqual(['early']);
    signals.get('SIGHUP')?.();
    expect(heard).toEqual(['early', 'early']);
    expect([...signals.keys()]).toEqual(['SIGHUP']);
  });
});
