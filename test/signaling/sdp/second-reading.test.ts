import { describe, expect, it } from 'vitest';
import { demandSameReading } from '../../../src/signaling/sdp/second-reading.ts';

const hash = Array.from({ length: 32 }, (_, index) => (index + 160).toString(16).toUpperCase()).join(':');
const first = {
  ice: { ufrag: '1234', password: 'a-password-of-22-chars' },
  fingerprints: [`sha-256 ${hash}`],
  mediaCount: 1,
};

function text(more: string): string {
  return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', more, ''].join('\r\n');
}

describe('a second reading', () => {
  it('agrees with the first on the same transport, whatever the case of its digits', () => {
    const transport = `a=ice-ufrag:1234\r\na=ice-pwd:a-password-of-22-chars\r\na=fingerprint:SHA-256 ${hash.toLowerCase()}`;
    expect(() => demandSameReading(text(transport), first)).not.toThrow();
  });

  it.each([
    ['another ufrag', 'a=ice-ufrag:5678', 'ICE'],
    ['another password', 'a=ice-pwd:another-password-here-', 'ICE'],
    ['another certificate', `a=fingerprint:sha-256 ${hash.replace('A0', 'FF')}`, 'fingerprint'],
    ['another digest', `a=fingerprint:sha-1 ${hash}`, 'fingerprint'],
    ['another number of sections', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'media'],
  ])('that finds %s refuses the description', (_, line, what) => {
    expect(() => demandSameReading(text(line), first)).toThrow(
      expect.objectContaining({ code: 'sdp-malformed', detail: `read in two ways: ${what}` }),
    );
  });
});
