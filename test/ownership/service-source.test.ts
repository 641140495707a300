import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, limits, Redacted, systemClock, systemRandom } from '../../src/base/index.ts';
import { type OwnershipSource, openServiceSource } from '../../src/ownership/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { asking } from './support/asking.ts';
import { type Asked, type MakersService, makersService, send } from './support/makers-service.ts';
import { questionOf } from './support/scripted-source.ts';

const never = new AbortController().signal;
const alice = questionOf('alice', 'cam1');
const generous = { timeout: 20_000, interval: 10 };
let service: MakersService;
let opened: OwnershipSource[];
let told: string[];

beforeEach(async () => {
  service = await makersService();
  service.grant([{ ...alice, role: 'owner' }]);
  opened = [];
  told = [];
});

afterEach(async () => {
  await Promise.all(opened.map((source) => source.close()));
  await service.close();
});

function open(clock: Clock = systemClock, connectionsMax = 4): OwnershipSource {
  const observer = {
    fault: (fault: string, code?: string) => void told.push(code === undefined ? fault : `${fault} ${code}`),
    alarm: (kind: string) => void told.push(`alarm ${kind}`),
  };
  const keys = new Redacted(service.key);
  const source = openServiceSource(
    { url: service.url, connectionsMax, keys },
    { clock, random: systemRandom, observer },
  );
  opened.push(source);
  return source;
}

describe('a question', () => {
  it('names its subject and device, when it was asked, and a number that is never used again', async () => {
    const clock = new ManualClock();
    const source = open(clock);
    for (let n = 0; n < 3; n++) await source.ask(alice, never);
    await source.devicesOf(alice.subject, never);
    expect(service.asked.map(({ ask, askedMs }) => `${ask} ${askedMs - clock.now()}`)).toEqual([
      'device 0',
      'device 0',
      'device 0',
      'devices 0',
    ]);
    expect(new Set(service.asked.map(({ nonce }) => nonce)).size).toBe(4);
    expect(service.asked[3]).toMatchObject({ subject: 'alice', limit: limits.devicesPerSubjectMax });
  });

  it('goes over connections that are kept', async () => {
    let connections = 0;
    service.server.on('connection', () => connections++);
    const source = open(systemClock, 2);
    await Promise.all(Array.from({ length: 50 }, () => source.ask(alice, never)));
    expect(connections).toBe(2);
  });

  it('is asked once more when a kept connection turns out to be closed', async () => {
    const source = open(systemClock, 1);
    const connected = once(service.server, 'connection') as Promise<[Socket]>;
    await source.ask(alice, never);
    const [socket] = await connected;
    let requests = 0;
    service.server.prependListener('request', (request) => {
      requests += 1;
      if (request.socket === socket) socket.resetAndDestroy();
    });
    expect((await source.ask(alice, never)).role).toBe('owner');
    expect([requests, told]).toEqual([2, []]);
  });
});

/** What an answer may be that nobody may believe, and what is told of it. */
const unbelieved: [string, (asked: Asked, truth: Record<string, unknown>) => unknown, string[]][] = [
  ['with a number that was not asked with', (asked) => service.truthOf(asked, { nonce: 'n'.repeat(22) }), crossed()],
  ['to the question before', () => service.truthOf(service.asked[0] as Asked), crossed()],
  ['with a yes that was a no', (_, truth) => ({ ...truth, role: 'owner' }), forged()],
  ['with a longer share', (_, truth) => ({ ...truth, notAfterMs: 9e15 }), forged()],
  ['moved to another device', (_, truth) => ({ ...truth, device: 'cam9' }), forged()],
  ['moved to another subject', (_, truth) => ({ ...truth, subject: 'chloe' }), forged()],
  [
    'moved to this question',
    (asked) => ({ ...service.truthOf(service.asked[0] as Asked), nonce: asked.nonce }),
    forged(),
  ],
  ['without a MAC', (_, truth) => ({ ...truth, mac: undefined }), forged()],
  ['with a MAC of another kind', (asked) => service.truthOf({ ...asked, ask: 'devices' }), ['malformed']],
  ['with a role that is none', (_, truth) => ({ ...truth, role: 'admin' }), ['malformed']],
  ['without a role', (_, { role: _role, ...truth }) => truth, ['malformed']],
  ['with a time that is none', (_, truth) => ({ ...truth, notAfterMs: 1.5 }), ['malformed']],
  ['that is a list', () => [], ['malformed']],
  ['that is true', () => true, ['malformed']],
];

function crossed(): string[] {
  return ['alarm source-crossed', 'malformed crossed'];
}

function forged(): string[] {
  return ['alarm source-mac', 'malformed mac'];
}

describe('an answer', () => {
  it('is believed by any of the keys, of which the first asks', async () => {
    const keys = (lines: string[]) => new Redacted(`\n${lines.join('\n')}\n\n`);
    const [first, other] = [service.key, 'k'.repeat(limits.serviceKeyBytesMin)];
    const source = (lines: string[]) =>
      openServiceSource(
        { url: service.url, connectionsMax: 1, keys: keys(lines) },
        { clock: systemClock, random: systemRandom },
      );
    const [good, refused] = [source([first, other]), source([other, first])];
    expect((await good.ask(alice, never)).role).toBe('owner');
    await expect(refused.ask(alice, never)).rejects.toThrow('refused (403)');
    await Promise.all([good.close(), refused.close()]);
  });

  it.each(unbelieved)('%s is not believed', async (_, say, expected) => {
    const source = open();
    await source.ask(questionOf('ben', 'cam1'), never);
    service.behave((asked, response, truth) => send(response, say(asked, truth)));
    await expect(source.ask(questionOf('ben', 'cam1'), never)).rejects.toThrow('malformed');
    expect(told).toEqual(expected);
  });

  it('that names another pair, rightly sealed for this question, is an alarm and lets nobody in', async () => {
    const { codeFor, alarms } = asking({ source: open() });
    service.behave((asked, response) => send(response, service.truthOf(asked, { subject: 'alice', role: 'owner' })));
    expect(await codeFor('ben', 'cam1')).toBe('not-allowed');
    expect(alarms).toEqual(['source-crossed']);
  });

  it.each<[string, (text: string) => string]>([
    ['cut short', (text) => text.slice(0, -1)],
    ['empty', () => ''],
    ['an error page', () => '<html>502</html>'],
  ])('that is %s is none', async (_, change) => {
    service.behave((_asked, response, truth) => response.end(change(JSON.stringify(truth))));
    await expect(open().ask(alice, never)).rejects.toThrow('malformed');
  });

  it('that breaks off is none', async () => {
    service.behave((_asked, response, truth) => {
      response.writeHead(200, { 'content-length': '9999' });
      response.write(JSON.stringify(truth), () => response.destroy());
    });
    await expect(open().ask(alice, never)).rejects.toThrow('unreachable');
  });

  it.each([
    ['too large', limits.serviceAnswerBytesMax + 1, 'too-large'],
    ['as large as may be', limits.serviceAnswerBytesMax, undefined],
  ])('that is %s', async (_, bytes, fault) => {
    service.behave((_asked, response, truth) => response.end(JSON.stringify(truth).padEnd(bytes)));
    const asked = open().ask(alice, never);
    if (fault === undefined) expect((await asked).role).toBe('owner');
    else await expect(asked).rejects.toThrow(fault);
  });

  it('elsewhere is not followed', async () => {
    const other = await makersService();
    service.behave((_asked, response) => response.writeHead(307, { location: other.url }).end());
    await expect(open().ask(alice, never)).rejects.toThrow('failed (307)');
    expect(other.asked).toEqual([]);
    await other.close();
  });

  it.each([
    [204, 'failed'],
    [401, 'refused'],
    [500, 'failed'],
  ])('of status %i is none', async (status, fault) => {
    service.behave((_asked, response) => response.writeHead(status).end());
    await expect(open().ask(alice, never)).rejects.toThrow(`${fault} (${status})`);
  });

  it('that is slow is not waited for', async () => {
    const clock = new ManualClock();
    const closed = new Promise((resolve) => service.behave((_asked, response) => response.once('close', resolve)));
    const asked = open(clock).ask(alice, never);
    asked.catch(() => {});
    await vi.waitFor(() => expect(service.asked).toHaveLength(1), generous);
    clock.advance(limits.serviceAnswerMsMax);
    await expect(asked).rejects.toThrow('no result within');
    await closed;
    expect(told).toEqual(['late']);
  });
});

describe('a list of devices', () => {
  it('that is another’s is an alarm, also where it is empty', async () => {
    service.behave((asked, response) => send(response, service.truthOf(asked, { subject: 'ben', devices: [] })));
    await expect(open().devicesOf(alice.subject, never)).rejects.toThrow('malformed (crossed)');
    expect(told).toEqual(crossed());
  });

  it.each<[string, (truth: Record<string, unknown>) => unknown, string]>([
    ['with one more device', (truth) => ({ ...truth, devices: [{ device: 'cam9', role: 'owner' }] }), 'mac'],
    ['with one less', (truth) => ({ ...truth, devices: [] }), 'mac'],
    ['with a line that is none', (truth) => ({ ...truth, devices: [null] }), 'malformed'],
    ['with a line without a role', (truth) => ({ ...truth, devices: [{ device: 'a', role: null }] }), 'malformed'],
    ['that is none', (truth) => ({ ...truth, devices: 'all' }), 'malformed'],
    ['that is missing', ({ devices: _, ...truth }) => truth, 'malformed'],
  ])('%s is not believed', async (_, change, why) => {
    service.behave((_asked, response, truth) => send(response, change(truth)));
    await expect(open().devicesOf(alice.subject, never)).rejects.toThrow(why);
  });

  it('is none where it names a device twice, or too many', async () => {
    const lines = (count: number, name: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => ({ device: name(n), role: 'owner', notAfterMs: null }));
    for (const devices of [lines(2, () => 'cam1'), lines(limits.devicesPerSubjectMax + 1, (n) => `cam${n}`)]) {
      service.behave((asked, response) => send(response, service.truthOf(asked, { devices })));
      await expect(open().devicesOf(alice.subject, never)).rejects.toThrow('malformed');
    }
  });
});

describe('a service that fails', () => {
  it('is left alone for a while, tried by one question, and asked by all again once it answers', async () => {
    const clock = new ManualClock();
    const source = open(clock);
    const ask = () =>
      source.ask(alice, never).then(
        ({ role }) => role,
        (error) => error.message,
      );
    service.behave((_asked, response) => response.writeHead(500).end());
    for (let n = 0; n < limits.serviceFailuresMax; n++) expect(await ask()).toBe('failed (500)');
    expect(await ask()).toBe('resting');
    clock.advance(limits.serviceRestMsFirst - 1);
    expect(await ask()).toBe('resting');
    clock.advance(1);
    expect((await Promise.all([ask(), ask(), ask()])).sort()).toEqual(['failed (500)', 'resting', 'resting']);
    clock.advance(2 * limits.serviceRestMsFirst - 1);
    expect(await ask()).toBe('resting');
    clock.advance(1);
    service.beHonest();
    expect(await ask()).toBe('owner');
    expect(await Promise.all([ask(), ask()])).toEqual(['owner', 'owner']);
    expect(service.asked).toHaveLength(limits.serviceFailuresMax + 4);
  });

  it('is tried again at once when the clock was set back while it was left alone', async () => {
    const clock = new ManualClock();
    const source = open(clock);
    service.behave((_asked, response) => response.writeHead(500).end());
    for (let n = 0; n < limits.serviceFailuresMax; n++) await source.ask(alice, never).catch(() => {});
    clock.setBack(3_600_000);
    service.beHonest();
    expect((await source.ask(alice, never)).role).toBe('owner');
  });

  it('is tried at least every so often, however long it fails', async () => {
    const clock = new ManualClock();
    const source = open(clock);
    service.behave((_asked, response) => response.writeHead(500).end());
    for (let n = 0; n < limits.serviceFailuresMax + 10; n++) {
      await source.ask(alice, never).catch(() => {});
      clock.advance(limits.serviceRestMsMax);
    }
    expect(service.asked).toHaveLength(limits.serviceFailuresMax + 10);
  });

  it('is not blamed for a question that nobody waits for, and fails anew after it has answered', async () => {
    const source = open();
    service.behave(() => {});
    for (let n = 0; n < 2 * limits.serviceFailuresMax; n++) {
      const gone = new AbortController();
      const asked = source.ask(alice, gone.signal);
      await vi.waitFor(() => expect(service.asked).toHaveLength(n + 1), generous);
      gone.abort(new Error('gone'));
      await expect(asked).rejects.toThrow('gone');
    }
    for (let round = 0; round < 3; round++) {
      service.behave((_asked, response) => response.writeHead(500).end());
      for (let n = 1; n < limits.serviceFailuresMax; n++) await source.ask(alice, never).catch(() => {});
      service.beHonest();
      expect((await source.ask(alice, never)).role).toBe('owner');
    }
  });

  it('has so many questions at once, so many that wait, and refuses the rest', async () => {
    const source = open(systemClock, 2);
    const answers: (() => void)[] = [];
    service.behave((_asked, response, truth) => void answers.push(() => send(response, truth)));
    const all = limits.serviceQuestionsWaitingMax + 2;
    const asked = Array.from({ length: all }, () => source.ask(alice, never));
    await expect(source.ask(alice, never)).rejects.toThrow('busy');
    const gone = new AbortController();
    await vi.waitFor(() => expect(answers).toHaveLength(2), generous);
    service.beHonest();
    for (const answer of answers.splice(0)) answer();
    expect(new Set((await Promise.all(asked)).map(({ role }) => role))).toEqual(new Set(['owner']));
    service.behave((_asked, response, truth) => void answers.push(() => send(response, truth)));
    const [one, two, waiting] = [0, 1, 2].map(() => source.ask(alice, gone.signal));
    for (const each of [one, two, waiting]) each?.catch(() => {});
    await vi.waitFor(() => expect(answers).toHaveLength(2), generous);
    gone.abort(new Error('gone'));
    for (const each of [one, two, waiting]) await expect(each).rejects.toThrow('gone');
    service.beHonest();
    expect((await source.ask(alice, never)).role).toBe('owner');
  });
});

describe('the settings', () => {
  it.each([
    ['http://service.example/own', 'k'.repeat(32)],
    ['https://user:secret@service.example/own', 'k'.repeat(32)],
    ['ftp://127.0.0.1/own', 'k'.repeat(32)],
    ['nowhere', 'k'.repeat(32)],
    ['https://service.example/own', 'k'.repeat(31)],
    ['https://service.example/own', `${'k'.repeat(32)}\n${'k'.repeat(31)}`],
    ['https://service.example/own', Array.from({ length: 9 }, () => 'k'.repeat(32)).join('\n')],
    ['https://service.example/own', ' \n '],
  ])('%s with %j are refused', async (url, keys) => {
    const settings = { url, connectionsMax: 1, keys: new Redacted(keys) };
    const code = await codeOf(() => openServiceSource(settings, { clock: systemClock, random: systemRandom }));
    expect(code).toBe('settings-invalid');
  });
});
