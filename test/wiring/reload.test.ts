import { describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../src/base/index.ts';
import { loadSettings, type Settings } from '../../src/config/index.ts';
import { Metrics } from '../../src/telemetry/index.ts';
import { Reloading } from '../../src/wiring/reload.ts';

const base = { LATCHKEY_IDENTITY_ISSUERS: '[{"issuer": "https://a.test", "keys": {"jwksFile": "a.json"}}]' };
const read = (more: Record<string, string> = {}) => loadSettings(undefined, { ...base, ...more });

/** Everything that hangs on settings, which notes what it is given; `fails` names the part that refuses. */
function world(fails?: 'read' | 'identity' | 'transport' | 'others') {
  const told: string[] = [];
  const metrics = new Metrics('test');
  let next: Settings = read();
  const refuse = (part: string) => {
    if (fails === part) throw new LatchkeyError('settings-invalid', `${part} cannot`);
  };
  const reloading = new Reloading(read());
  const note = (words: string, fields?: object) => void told.push(`${words} ${JSON.stringify(fields)}`);
  reloading.attach({
    read() {
      refuse('read');
      return next;
    },
    metrics,
    log: { debug: note, info: note, warn: note, error: note, useLevel: (level) => void told.push(`level ${level}`) },
    identity: {
      async prepare() {
        refuse('identity');
        told.push('identity prepared');
        return { take: () => void told.push('identity taken'), drop: () => void told.push('identity dropped') };
      },
    },
    transport: {
      async renew() {
        refuse('transport');
        told.push('transport renewed');
      },
    },
    signaling: { useAdmission: ({ lagMsMax }) => void told.push(`lag ${lagMsMax}`) },
    relay: { useRates: ({ side }) => void told.push(`rate ${side.bitsPerSecondMax}`) },
    others: [
      async (settings) => {
        refuse('others');
        return () => void told.push(`drain ${settings.drain.leadSeconds}`);
      },
    ],
  });
  return {
    reloading,
    told,
    metrics,
    set: (settings: Settings) => {
      next = settings;
    },
  };
}

describe('a reload', () => {
  it('has every part take its settings, the parts that may refuse first', async () => {
    const { reloading, told, set } = world();
    const next = read({
      LATCHKEY_ADMISSION_LAG_MS_MAX: '99',
      LATCHKEY_RELAY_RATES_SIDE_BITS_PER_SECOND_MAX: '12345',
      LATCHKEY_TELEMETRY_LOG_LEVEL: 'warn',
      LATCHKEY_DRAIN_LEAD_SECONDS: '4',
      LATCHKEY_HTTP_PORT: '81',
    });
    set(next);
    const outcome = await reloading.reload();
    expect(outcome).toEqual({
      changed: ['admission.lagMsMax', 'relay.rates.sideBitsPerSecondMax', 'drain.leadSeconds', 'telemetry.logLevel'],
      needRestart: ['http.port'],
    });
    expect(told.slice(0, -1)).toEqual([
      'identity prepared',
      'transport renewed',
      'identity taken',
      'lag 99',
      'rate 12345',
      'level warn',
      'drain 4',
    ]);
    expect(told.at(-1)).toContain('"needRestart":"http.port"');
    expect(reloading.settings).toEqual({ ...next, http: read().http });
  });

  it.each(['read', 'identity', 'transport', 'others'] as const)(
    'changes nothing where %s refuses, and says why',
    async (part) => {
      const { reloading, told, set, metrics } = world(part);
      const before = reloading.settings;
      set(read({ LATCHKEY_ADMISSION_LAG_MS_MAX: '99' }));
      await expect(reloading.reload()).rejects.toMatchObject({ code: 'settings-invalid' });
      expect(reloading.settings).toBe(before);
      expect(
        told.filter((line) => /taken|renewed|lag|rate|level|drain/.test(line.replace(/settings were .*/, ''))),
      ).toEqual([]);
      expect(told.at(-1)).toContain(`${part} cannot`);
      expect(await metrics.text()).toContain('latchkey_reloads_total{outcome="refused"} 1');
    },
  );

  it('lets go of what it had prepared for nothing', async () => {
    const { reloading, told } = world('transport');
    await expect(reloading.reload()).rejects.toThrow();
    expect(told.slice(0, 2)).toEqual(['identity prepared', 'identity dropped']);
  });

  it('comes one after the other, where several ask', async () => {
    const { reloading, told, set } = world();
    const first = reloading.reload();
    const second = reloading.reload();
    set(read({ LATCHKEY_ADMISSION_LAG_MS_MAX: '99' }));
    await Promise.all([first, second]);
    expect(told.filter((line) => line.startsWith('identity'))).toEqual([
      'identity prepared',
      'identity taken',
      'identity prepared',
      'identity taken',
    ]);
  });
});
