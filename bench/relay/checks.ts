import { createHash } from 'node:crypto';
import type { IceCredentials, Side } from '../../src/relay/index.ts';
import { stun } from '../../test/relay/support/stun-messages.ts';

/** The ICE credentials of one side of session `index`, the same in every process that asks. */
export function credentialsOf(side: Side, index: number): IceCredentials {
  const digest = createHash('sha256').update(`${side} ${index}`).digest('hex');
  return { ufrag: digest.slice(0, 8), password: digest.slice(8, 40) };
}

/**
 * The ICE checks that latch both sides of the first `sessions` sessions, as the generator reads them: for each session the
 * camera's and then the viewer's, each behind its length in two bytes.
 */
export function checksOf(sessions: number): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < sessions; index++) {
    for (const sender of ['camera', 'viewer'] as const) {
      const check = checkOf(sender, index);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(check.length);
      parts.push(length, check);
    }
  }
  return Buffer.concat(parts);
}

function checkOf(sender: Side, index: number): Buffer {
  const own = credentialsOf(sender, index);
  const other = credentialsOf(sender === 'viewer' ? 'camera' : 'viewer', index);
  const transaction = createHash('sha256').update(`check ${sender} ${index}`).digest().subarray(0, 12);
  return stun({
    transaction,
    username: `${other.ufrag}:${own.ufrag}`,
    useCandidate: sender === 'viewer',
    password: other.password,
    fingerprint: true,
  });
}
