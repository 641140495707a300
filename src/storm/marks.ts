import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whose a description is: it travels inside of it, and only whoever holds the key of this run can make one. `subject` asked for
 * `device` in the question that has this number.
 */
export interface Mark {
  readonly kind: 'offer' | 'answer';
  readonly subject: string;
  readonly device: string;
  /** No two questions of a run have the same. */
  readonly question: string;
}

const attribute = 'a=x-latchkey-storm:';
const line = /^a=x-latchkey-storm:(offer|answer) (\S{1,256}) (\S{1,128}) (\S{1,64})\r?$/m;

/** What is secret in a description is made of its mark: 32 bytes that stand for the DTLS certificate, and from them the ICE credentials. */
export interface Secrets {
  /** As in `a=fingerprint` (RFC 8122). */
  readonly fingerprint: string;
  readonly ufrag: string;
  readonly password: string;
}

export function secretsOf(mark: Mark, key: Uint8Array): Secrets {
  const { kind, subject, device, question } = mark;
  const digest = createHmac('sha256', key)
    .update(JSON.stringify([kind, subject, device, question]))
    .digest();
  const hex = digest.toString('hex');
  const fingerprint = `sha-256 ${(hex.toUpperCase().match(/../g) ?? []).join(':')}`;
  return { fingerprint, ufrag: hex.slice(0, 8), password: hex.slice(8, 40) };
}

/** A whole session description (RFC 8866) with its mark in it. */
export function describedBy(mark: Mark, key: Uint8Array): string {
  const { fingerprint, ufrag, password } = secretsOf(mark, key);
  const offers = mark.kind === 'offer';
  return [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    `${attribute}${mark.kind} ${mark.subject} ${mark.device} ${mark.question}`,
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=rtcp-mux',
    'a=rtpmap:96 VP8/90000',
    offers ? 'a=recvonly' : 'a=sendonly',
    offers ? 'a=setup:actpass' : 'a=setup:active',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:${fingerprint}`,
    '',
  ].join('\r\n');
}

/** Reads the mark of a description. Undefined where it has none, or where any part of it is not what this run made. */
export function markIn(description: string, key: Uint8Array): Mark | undefined {
  const [, kind = '', subject = '', device = '', question = ''] = line.exec(description) ?? [];
  if (kind !== 'offer' && kind !== 'answer') return undefined;
  const mark = { kind, subject, device, question } as const;
  const { fingerprint, ufrag, password } = secretsOf(mark, key);
  const wanted = [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, `a=fingerprint:${fingerprint}`];
  const found = description.split(/\r?\n/).filter((each) => /^a=(?:ice-ufrag|ice-pwd|fingerprint):/.test(each));
  return found.length === wanted.length && same(found.join('\n'), wanted.join('\n')) ? mark : undefined;
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
