import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatchkeyError, limits } from '../../src/base/index.ts';
import { readDescription } from '../../src/peer/index.ts';

const print = 'AA:BB:CC';
const offer = (lines: readonly string[]) =>
  [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=video 9 UDP/TLS/RTP/SAVPF 98 96 97',
    'a=rtpmap:96 H264/90000',
    'a=rtpmap:97 rtx/90000',
    'a=rtpmap:98 VP8/90000',
    `a=fingerprint:SHA-256 ${print.toLowerCase()}`,
    'a=setup:actpass',
    ...lines,
    '',
  ].join('\r\n');
const candidate = (host: string, port: string | number = 3478, transport = 'udp', component = 1) =>
  `a=candidate:1 ${component} ${transport} 2130706431 ${host} ${port} typ host`;

test('only UDP candidates with an address are used: nothing is looked up', () => {
  const description = readDescription(
    offer([
      candidate('192.0.2.1'),
      candidate('fd00::2', 3479),
      candidate('d4c3.local'),
      candidate('stun.example.com'),
      candidate('192.0.2.2', 9, 'tcp'),
      candidate('192.0.2.3', 0),
      candidate('192.0.2.4', 70_000),
      candidate('192.0.2.5', 3478, 'udp', 2),
    ]),
  );
  expect(description.candidates).toEqual([
    { host: '192.0.2.1', port: 3478 },
    { host: 'fd00::2', port: 3479 },
  ]);
  expect(description.sdp.match(/a=candidate/g)).toHaveLength(2);
});

test('past the bound of candidates the rest is left out', () => {
  const many = Array.from({ length: limits.relayCandidatesMax + 1 }, (_, index) => candidate(`192.0.2.${index + 1}`));
  const description = readDescription(offer(many));
  expect(description.candidates).toHaveLength(limits.relayCandidatesMax);
  expect(description.sdp.match(/a=candidate/g)).toHaveLength(limits.relayCandidatesMax);
});

test('fingerprints of all sections are read, each once, in one spelling', () => {
  const description = readDescription(
    offer([candidate('192.0.2.1'), `a=fingerprint:sha-256 ${print}`, 'a=fingerprint:sha-512 dd:ee']),
  );
  expect(description.fingerprints).toEqual([`sha-256 ${print}`, 'sha-512 DD:EE']);
});

test('codecs are read in the order that the other side prefers', () => {
  expect(readDescription(offer([candidate('192.0.2.1')])).video).toEqual(['VP8', 'H264']);
});

test('a side that must be the DTLS server leaves this one the client', () => {
  const text = offer([candidate('192.0.2.1')]);
  expect(readDescription(text).mayServe).toBe(true);
  expect(readDescription(text.replace('actpass', 'passive')).mayServe).toBe(false);
});

test.each([
  ['no candidate', offer([]), 'sdp-no-ice'],
  ['no fingerprint', offer([candidate('192.0.2.1')]).replace('a=fingerprint', 'a=x'), 'sdp-no-fingerprint'],
  ['too long', 'x'.repeat(limits.sdpBytesMax + 1), 'sdp-too-large'],
])('%s is refused', (_, text, code) => {
  expect(() => readDescription(text)).toThrow(expect.objectContaining({ code }));
});

test('whatever comes, nothing but an error of ours comes out', () => {
  const pieces = fc.oneof(
    fc.string(),
    fc.constantFrom('\r\n', 'a=candidate:', 'm=video ', 'a=fingerprint:', ' ', ...offer([candidate('::1')]).split(' ')),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      try {
        readDescription(parts.join(''));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(LatchkeyError);
      }
    }),
  );
});
