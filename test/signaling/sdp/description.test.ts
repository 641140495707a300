import fc from 'fast-check';
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { LatchkeyError, limits } from '../../../src/base/index.ts';
import { readDescription, withRelayCandidates } from '../../../src/signaling/sdp/index.ts';
import { sdpOf } from '../../support/signaling-world.ts';

const real = [
  'chromium-offer',
  'chromium-answer',
  'chromium-bundle-only-offer',
  'firefox-offer',
  'libdatachannel-offer',
  'libdatachannel-answer',
  'libwebrtc-offer',
  'werift-offer',
  'werift-answer',
] as const;
const addresses = [
  { host: '198.51.100.7', port: 3478, transport: 'udp' as const },
  { host: '2001:db8::7', port: 3478, transport: 'udp' as const },
];
const chromium = sdpOf('chromium-offer');
const digest = 'AA:'.repeat(31).concat('AA');

function kindOf(name: string): 'offer' | 'answer' {
  return name.includes('offer') ? 'offer' : 'answer';
}

/** The code that a text is refused with. */
function refusal(text: string, kind: 'offer' | 'answer' = 'offer'): string {
  try {
    readDescription(text, kind);
  } catch (thrown) {
    if (thrown instanceof LatchkeyError) return thrown.code;
    throw thrown;
  }
  return 'taken';
}

/** With lines put at the end of the session's part. */
function inSession(text: string, ...lines: string[]): string {
  const at = text.indexOf('m=');
  return text.slice(0, at) + lines.map((line) => `${line}\r\n`).join('') + text.slice(at);
}

function without(text: string, start: string): string {
  return text
    .split('\r\n')
    .filter((line) => !line.startsWith(start))
    .join('\r\n');
}

describe('the description of a real stack', () => {
  it.each(real)('%s is read: one pair of credentials, its fingerprint, its sections', (name) => {
    const text = sdpOf(name);
    const description = readDescription(text, kindOf(name));
    expect(text).toContain(`a=ice-ufrag:${description.ice.ufrag}\r\n`);
    expect(text).toContain(`a=ice-pwd:${description.ice.password}\r\n`);
    expect(description.fingerprints).toHaveLength(1);
    expect(text).toContain(`a=fingerprint:${description.fingerprints[0]}\r\n`);
    expect(description.mediaCount).toBe(text.split('\r\nm=').length - 1);
  });

  it.each(real)('%s changes in nothing but where to send', (name) => {
    const text = sdpOf(name);
    const after = withRelayCandidates(readDescription(text, kindOf(name)), addresses);
    const addressed = ['a=candidate:', 'a=end-of-candidates', 'c=', 'm=', 'o=', 'a=rtcp:'];
    const rest = (of: string) => of.split('\r\n').filter((line) => !addressed.some((start) => line.startsWith(start)));
    expect(rest(after)).toEqual(rest(text));
    const media = (of: string) => parse(of).media.map(({ type, protocol, payloads }) => ({ type, protocol, payloads }));
    expect(media(after)).toEqual(media(text));
    expect(parse(after).origin).toMatchObject({ sessionId: parse(text).origin?.sessionId, address: '0.0.0.0' });
  });

  it.each(real)('%s names the relay in every section that carries anything, and its author nowhere', (name) => {
    const text = sdpOf(name);
    const description = readDescription(text, kindOf(name));
    const after = parse(withRelayCandidates(description, addresses));
    for (const [index, section] of after.media.entries()) {
      const carries = parse(text).media[index]?.port !== 0;
      expect(section.candidates?.map(({ ip, port, transport, type }) => ({ host: ip, port, transport, type }))).toEqual(
        carries ? addresses.map((address) => ({ ...address, type: 'host' })) : undefined,
      );
      expect(section.endOfCandidates).toBe(carries ? 'end-of-candidates' : undefined);
      expect(section.port).toBe(carries ? 3478 : 0);
      expect(section.connection?.ip).toBe('198.51.100.7');
    }
    const own = text.match(/(?<=a=candidate:\S+ \d \S+ \d+ )\S+/g) ?? [];
    for (const address of own) expect(withRelayCandidates(description, addresses)).not.toContain(address);
  });

  it.each(real)('%s with the relay in it can be read again, and the relay put in again changes nothing', (name) => {
    const once = withRelayCandidates(readDescription(sdpOf(name), kindOf(name)), addresses);
    expect(withRelayCandidates(readDescription(once, kindOf(name)), addresses)).toBe(once);
  });
});

describe('the relay’s candidates', () => {
  it('come in the order of its addresses, each with its own foundation', () => {
    const { media } = parse(withRelayCandidates(readDescription(chromium, 'offer'), addresses));
    const [first, second] = media[0]?.candidates ?? [];
    expect(first).toMatchObject({ foundation: 1, component: 1, transport: 'udp', priority: 2_130_706_431 });
    expect(second).toMatchObject({ foundation: 2, component: 1, transport: 'udp', priority: 2_130_706_175 });
  });

  it('of a relay with IPv6 alone name IPv6 as the default', () => {
    const text = withRelayCandidates(readDescription(chromium, 'offer'), [
      { host: '2001:db8::7', port: 9, transport: 'udp' },
    ]);
    expect(text).toContain('c=IN IP6 2001:db8::7\r\n');
  });

  it('stand alone: the address of RTCP goes with those of the endpoint', () => {
    const text = chromium.replace('a=rtcp-mux', 'a=rtcp:50001 IN IP4 203.0.113.5\r\na=rtcp-mux');
    const after = withRelayCandidates(readDescription(text, 'offer'), addresses);
    expect(after).not.toContain('203.0.113.5');
    expect(after).toContain('a=rtcp:9 IN IP4 0.0.0.0');
  });

  it('of a relay without an address cannot be written', () => {
    expect(() => withRelayCandidates(readDescription(chromium, 'offer'), [])).toThrow(TypeError);
  });
});

describe('a description', () => {
  const oneSection = chromium.slice(0, chromium.indexOf('m=audio')).replace('BUNDLE 0 1 2', 'BUNDLE 0');
  const line = (start: string) => chromium.split('\r\n').find((whole) => whole.startsWith(start)) ?? '';

  it.each([
    ['with only line feeds', chromium.replaceAll('\r\n', '\n')],
    ['without a last line end', chromium.trimEnd()],
    ['with empty lines at its end', `${chromium}\r\n\r\n`],
    ['with one section and no group', without(oneSection, 'a=group')],
    ['with a tab in a value', inSession(chromium, 'i=a\tb')],
    ['with attributes that nobody knows', inSession(chromium, 'a=x-new-thing:1', 'a=flag')],
    ['with a second group of other semantics', inSession(chromium, 'a=group:LS 0 1')],
    ['with several fingerprints of one certificate', inSessionAll(`a=fingerprint:sha-512 ${'BB:'.repeat(63)}BB`)],
    ['with an algorithm in upper case', chromium.replaceAll('fingerprint:sha-256', 'fingerprint:SHA-256')],
    ['with a rejected section outside the bundle', rejected(chromium)],
    ['with credentials for the session as a whole', credentialsInSession()],
  ])('%s is taken', (_, text) => {
    expect(refusal(text)).toBe('taken');
  });

  it.each([
    ['that is empty', '', 'sdp-empty'],
    ['of nothing but white space', ' \r\n\t', 'sdp-empty'],
    ['past the bound of bytes', chromium + `a=x:${'x'.repeat(4000)}\r\n`.repeat(9), 'sdp-too-large'],
    ['past the bound of lines', chromium + 'a=x\r\n'.repeat(limits.sdpLinesMax), 'sdp-too-large'],
    [
      'with a line past its bound',
      inSession(chromium, `a=x:${'x'.repeat(limits.sdpLineCharactersMax)}`),
      'sdp-too-large',
    ],
    ['past the bound of sections', chromium + 'm=video 0 RTP/SAVPF 0\r\n'.repeat(14), 'sdp-too-large'],
    ['that is no SDP', 'hello', 'sdp-malformed'],
    ['that is JSON', '{"sdp":"v=0"}', 'sdp-malformed'],
    ['of another version', chromium.replace('v=0', 'v=1'), 'sdp-malformed'],
    ['without an origin', without(chromium, 'o='), 'sdp-malformed'],
    ['with an origin cut short', chromium.replace(line('o='), 'o=- 1 1'), 'sdp-malformed'],
    ['with two sessions', inSession(chromium, 'v=0'), 'sdp-malformed'],
    ['with two origins', inSession(chromium, line('o=')), 'sdp-malformed'],
    ['with an empty line between', inSession(chromium, ''), 'sdp-malformed'],
    ['with a line that is none', inSession(chromium, 'a x'), 'sdp-malformed'],
    ['with a carriage return inside a line', inSession(chromium, 'a=x:1\ra=crypto:1'), 'sdp-malformed'],
    ['with a NUL', inSession(chromium, 'a=x:\0'), 'sdp-malformed'],
    ['with a line separator of Unicode', inSession(chromium, 'a=x:\u2028a=crypto:1'), 'sdp-malformed'],
    ['with a C1 control', inSession(chromium, 'a=x:\u0085'), 'sdp-malformed'],
    ['with half a character', inSession(chromium, 'a=x:\ud800'), 'sdp-malformed'],
    ['with a space before an attribute', inSession(chromium, 'a= crypto:1'), 'sdp-malformed'],
    ['with an attribute in another case', inSession(chromium, 'a=Candidate:1'), 'sdp-malformed'],
    ['without media', chromium.slice(0, chromium.indexOf('m=')), 'sdp-no-media'],
    ['with nothing but rejected media', chromium.replaceAll(/^m=(\w+) \d+/gm, 'm=$1 0'), 'sdp-no-media'],
    ['with a medium that is none', chromium.replace('m=video', 'm=text'), 'sdp-malformed'],
    ['with a port that is none', chromium.replace(/m=video \d+/, 'm=video 9x'), 'sdp-malformed'],
    ['with a port past the end', chromium.replace(/m=video \d+/, 'm=video 65536'), 'sdp-malformed'],
    ['with a media line cut short', chromium.replace(/m=video .*/, 'm=video 9 UDP/TLS/RTP/SAVPF'), 'sdp-malformed'],
    ['without encryption', chromium.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), 'sdp-forbidden'],
    ['with data that calls itself video', chromium.replace('m=application', 'm=video'), 'sdp-malformed'],
    ['with video that calls itself data', chromium.replace('m=video', 'm=application'), 'sdp-malformed'],
    ['without a fingerprint', without(chromium, 'a=fingerprint'), 'sdp-no-fingerprint'],
    [
      'with a weak fingerprint',
      chromium.replaceAll(/fingerprint:.*/g, 'fingerprint:sha-1 AA:BB'),
      'sdp-no-fingerprint',
    ],
    ['with a weak one beside', inSessionAll('a=fingerprint:sha-1 AA:BB'), 'sdp-no-fingerprint'],
    ['with a digest cut short', chromium.replaceAll(/(fingerprint:sha-256 .*):../g, '$1'), 'sdp-no-fingerprint'],
    ['with a digest of other letters', chromium.replaceAll(/(sha-256 )../g, '$1GG'), 'sdp-no-fingerprint'],
    ['with a digest of signs', chromium.replaceAll(/(sha-256 )../g, '$1+1'), 'sdp-no-fingerprint'],
    ['with words after a digest', chromium.replaceAll(/(sha-256 .*)/g, '$1 x'), 'sdp-no-fingerprint'],
    ['with an algorithm of every object', chromium.replaceAll('sha-256', 'constructor'), 'sdp-no-fingerprint'],
    ['with too many fingerprints', inSessionAll(...fingerprints(limits.fingerprintsMax)), 'sdp-too-large'],
    ['without a ufrag', without(chromium, 'a=ice-ufrag'), 'sdp-no-ice'],
    ['without a password', without(chromium, 'a=ice-pwd'), 'sdp-no-ice'],
    ['with two ufrags', chromium.replace('a=ice-ufrag', 'a=ice-ufrag:R9BI\r\na=ice-ufrag'), 'sdp-no-ice'],
    ['with a ufrag too short', chromium.replaceAll(/ice-ufrag:.*/g, 'ice-ufrag:abc'), 'sdp-no-ice'],
    ['with a ufrag too long', chromium.replaceAll(/ice-ufrag:.*/g, `ice-ufrag:${'a'.repeat(257)}`), 'sdp-no-ice'],
    ['with a ufrag of other letters', chromium.replaceAll(/ice-ufrag:.*/g, 'ice-ufrag:ab:d'), 'sdp-no-ice'],
    ['with a password too short', chromium.replaceAll(/ice-pwd:.*/g, `ice-pwd:${'a'.repeat(21)}`), 'sdp-no-ice'],
    ['with a password too long', chromium.replaceAll(/ice-pwd:.*/g, `ice-pwd:${'a'.repeat(257)}`), 'sdp-no-ice'],
    ['without a group', without(chromium, 'a=group'), 'sdp-bundle'],
    ['with two groups', chromium.replace('BUNDLE 0 1 2', 'BUNDLE 0 1\r\na=group:BUNDLE 2'), 'sdp-bundle'],
    ['with a section outside the group', chromium.replace('BUNDLE 0 1 2', 'BUNDLE 0 1'), 'sdp-bundle'],
    ['with a group that names nobody', chromium.replace('BUNDLE 0 1 2', 'BUNDLE 0 1 2 3'), 'sdp-bundle'],
    ['with a group that names one twice', chromium.replace('BUNDLE 0 1 2', 'BUNDLE 0 1 2 2'), 'sdp-bundle'],
    ['with two sections of one name', chromium.replace('a=mid:1', 'a=mid:0'), 'sdp-malformed'],
    ['with a section of two names', chromium.replace('a=mid:1', 'a=mid:1\r\na=mid:7'), 'sdp-malformed'],
    ['with a section without a name', chromium.replace('a=mid:1\r\n', ''), 'sdp-bundle'],
    ['without rtcp-mux', chromium.replace('a=rtcp-mux\r\n', ''), 'sdp-bundle'],
    ['with another ufrag in one section', chromium.replace('ice-ufrag:R9BI', 'ice-ufrag:R9BJ'), 'sdp-bundle'],
    ['with another fingerprint in one section', chromium.replace(/sha-256 .*/, `sha-256 ${digest}`), 'sdp-bundle'],
    ['with keys in the clear', inSession(chromium, 'k=clear:x'), 'sdp-forbidden'],
    ...[
      'crypto:1 x',
      'key-mgmt:mikey x',
      'remote-candidates:1 192.0.2.1 9',
      'ice-lite',
      'ice-mismatch',
      'identity:x',
    ].flatMap((attribute) => [
      [`with a=${attribute}`, inSession(chromium, `a=${attribute}`), 'sdp-forbidden'],
      [`with a=${attribute} in a rejected section`, rejected(chromium, `a=${attribute}`), 'sdp-forbidden'],
    ]),
    ['with a role that is none', chromium.replace('setup:actpass', 'setup:holdconn'), 'sdp-malformed'],
  ])('%s is refused', (_, text, code) => {
    expect(refusal(text)).toBe(code);
  });

  it('that answers with an offer’s role is refused', () => {
    expect(refusal(sdpOf('chromium-answer'), 'answer')).toBe('taken');
    expect(refusal(chromium, 'answer')).toBe('sdp-malformed');
  });

  it('has its fingerprints in one form, whatever its author wrote', () => {
    const lower = chromium.replaceAll(
      /fingerprint:sha-256 (.*)/g,
      (_, hex: string) => `fingerprint:SHA-256 ${hex.toLowerCase()}`,
    );
    expect(readDescription(lower, 'offer').fingerprints).toEqual(readDescription(chromium, 'offer').fingerprints);
  });

  it('whatever was done to it, only errors of the table come out, and what is taken names no other address', () => {
    const lines = real.flatMap((name) => sdpOf(name).split('\r\n'));
    const change = fc.oneof(
      fc.record({ at: fc.nat(), remove: fc.nat({ max: 40 }), put: fc.string({ maxLength: 20 }) }),
      fc.record({
        at: fc.nat(),
        remove: fc.nat({ max: 4 }),
        put: fc.constantFrom(...lines).map((it) => `\r\n${it}\r\n`),
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...real), fc.array(change, { minLength: 1, maxLength: 4 }), (name, changes) => {
        let text = sdpOf(name);
        for (const { at, remove, put } of changes) {
          const start = at % text.length;
          text = text.slice(0, start) + put + text.slice(start + remove);
        }
        if (refusal(text, kindOf(name)) !== 'taken') return;
        const after = withRelayCandidates(readDescription(text, kindOf(name)), addresses);
        expect(refusal(after, kindOf(name))).toBe('taken');
        for (const whole of after.split('\r\n'))
          if (whole.startsWith('a=candidate:')) expect(whole).toMatch(/ (198\.51\.100\.7|2001:db8::7) 3478 typ host$/);
      }),
      { numRuns: 1500, seed: 20_260 },
    );
  });

  it('of any text at all comes to nothing but an error of the table', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(refusal(`v=0\r\no=- 1 1 IN IP4 x\r\n${text}`)).toMatch(/^sdp-/);
      }),
      { numRuns: 500, seed: 20_260 },
    );
  });

  function inSessionAll(...lines: string[]): string {
    return chromium.replaceAll(/(?=a=fingerprint:)/g, lines.map((whole) => `${whole}\r\n`).join(''));
  }

  function fingerprints(count: number): string[] {
    return Array.from({ length: count }, (_, index) => `a=fingerprint:sha-256 ${'AA:'.repeat(31)}B${index}`);
  }
});

function rejected(text: string, ...lines: string[]): string {
  return `${text}m=video 0 UDP/TLS/RTP/SAVPF 96\r\n${lines.map((line) => `${line}\r\n`).join('')}`;
}

function credentialsInSession(): string {
  const text = sdpOf('chromium-offer');
  const [ufrag = ''] = text.match(/a=ice-ufrag:.*/) ?? [];
  const [password = ''] = text.match(/a=ice-pwd:.*/) ?? [];
  return inSession(without(without(text, 'a=ice-ufrag'), 'a=ice-pwd'), ufrag.trim(), password.trim());
}
