import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatchkeyError, limits } from '../../../src/base/index.ts';
import {
  checkCandidate,
  readDescription,
  readIceFragment,
  withIceCredentials,
  withRelayCandidates,
  writeIceFragment,
} from '../../../src/signaling/sdp/index.ts';
import { sdpOf } from '../../support/signaling-world.ts';

const password = 'a'.repeat(22);

describe('a candidate', () => {
  it.each([
    'candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host',
    'candidate:1 1 UDP 2130706431 2001:db8::1 50000 typ host generation 0 ufrag abcd',
    'candidate:842163049 1 udp 1677729535 192.0.2.1 60000 typ srflx raddr 0.0.0.0 rport 0 generation 0',
    'candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active',
    'candidate:3 1 udp 1 0f6bd0a3-0d1d-4d5c-a1f2-4c1d3b0a7c11.local 60000 typ host',
  ])('%s is taken', (text) => {
    expect(() => checkCandidate(text)).not.toThrow();
  });

  it.each([
    '',
    'candidate',
    '1 1 udp 2130706431 192.0.2.1 50000 typ host',
    'candidate: 1 udp 2130706431 192.0.2.1 50000 typ host',
    `candidate:${'1'.repeat(33)} 1 udp 2130706431 192.0.2.1 50000 typ host`,
    'candidate:1 0 udp 2130706431 192.0.2.1 50000 typ host',
    'candidate:1 257 udp 2130706431 192.0.2.1 50000 typ host',
    'candidate:1 1 sctp 2130706431 192.0.2.1 50000 typ host',
    'candidate:1 1 udp 0 192.0.2.1 50000 typ host',
    'candidate:1 1 udp 4294967296 192.0.2.1 50000 typ host',
    'candidate:1 1 udp -1 192.0.2.1 50000 typ host',
    'candidate:1 1 udp 1 not_a_name 50000 typ host',
    'candidate:1 1 udp 1 192.0.2.1 65536 typ host',
    'candidate:1 1 udp 1 192.0.2.1 x typ host',
    'candidate:1 1 udp 1 192.0.2.1 50000 type host',
    'candidate:1 1 udp 1 192.0.2.1 50000 typ home',
    'candidate:1 1 udp 1 192.0.2.1 50000 typ host generation',
  ])('%j is refused', (text) => {
    expect(() => checkCandidate(text)).toThrow(expect.objectContaining({ code: 'candidate-malformed' }));
  });

  it('of any text at all comes to nothing but its own error', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 12 }), (words) => {
        try {
          checkCandidate(words.join(' '));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(LatchkeyError);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe('a fragment', () => {
  const credentials = `a=ice-ufrag:EsAw\r\na=ice-pwd:${password}\r\n`;
  const section = `m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n${credentials}`;
  const candidate = 'candidate:1 1 udp 1 192.0.2.1 50000 typ host';

  it('gives credentials and candidates, wherever they stand', () => {
    const ice = { ufrag: 'EsAw', password };
    expect(readIceFragment(credentials)).toEqual({ ice, candidates: [] });
    expect(readIceFragment(`${section}a=${candidate}\r\n${section}`)).toEqual({ ice, candidates: [candidate] });
    expect(readIceFragment(`a=${candidate}\r\na=end-of-candidates`)).toEqual({
      ice: undefined,
      candidates: [candidate],
    });
  });

  it.each([
    ['nothing', '', 'sdp-empty'],
    ['a ufrag without a password', 'a=ice-ufrag:EsAw', 'sdp-no-ice'],
    ['two generations', `${credentials}a=ice-ufrag:Else`, 'sdp-no-ice'],
    ['too many candidates', `a=${candidate}\r\n`.repeat(limits.candidatesPerSessionMax + 1), 'sdp-too-large'],
    ['a control character', `${credentials}a=x\0`, 'sdp-malformed'],
    ['too much', 'a=x\r\n'.repeat(limits.sdpBytesMax), 'sdp-too-large'],
  ])('with %s is refused', (_, text, code) => {
    expect(() => readIceFragment(text)).toThrow(expect.objectContaining({ code }));
  });

  it('of the relay names the camera’s new credentials and the relay, once, and can be read', () => {
    const text = writeIceFragment(readDescription(sdpOf('werift-answer'), 'answer'), [
      { host: '192.0.2.1', port: 3478, transport: 'udp' as const },
    ]);
    expect(readIceFragment(text)).toEqual({
      ice: { ufrag: '3735', password: '0635fa3013929b8d9fb785' },
      candidates: ['candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host'],
    });
    expect(text.split('\r\n').slice(0, 3)).toEqual([
      'a=group:BUNDLE 0 1 2',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'a=mid:0',
    ]);
    expect(text).not.toContain('fingerprint');
  });
});

describe('a restarted offer', () => {
  it('differs in its credentials and its version alone', () => {
    const before = readDescription(sdpOf('firefox-offer'), 'offer');
    const after = withIceCredentials(before, { ufrag: 'NEWu', password });
    const relay = [{ host: '192.0.2.1', port: 3478, transport: 'udp' as const }];
    const reread = readDescription(withRelayCandidates(after, relay), 'offer');
    expect(reread.ice).toEqual({ ufrag: 'NEWu', password });
    const changed = (lines: typeof before.lines) => [...lines.session, ...lines.media.flat()].map((line) => line.value);
    const [old, renewed] = [changed(before.lines), changed(after.lines)];
    const differing = renewed.filter((value, index) => value !== old[index]);
    expect(differing).toEqual([
      'mozilla...THIS_IS_SDPARTA-99.0 4827623547301894420 1 IN IP4 0.0.0.0',
      `ice-pwd:${password}`,
      'ice-ufrag:NEWu',
      `ice-pwd:${password}`,
      'ice-ufrag:NEWu',
    ]);
  });
});
