import type { IceCredentials } from '../../src/relay/index.ts';

/** A small session description that says who wrote it, in a line that travels. */
export function descriptionOf(
  author: string,
  kind: 'offer' | 'answer',
  ice: IceCredentials,
  fingerprint: string,
): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=tool:${author}`,
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=rtcp-mux',
    `a=setup:${kind === 'offer' ? 'actpass' : 'active'}`,
    `a=fingerprint:${fingerprint}`,
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.password}`,
    '',
  ].join('\r\n');
}

/** The fingerprint of a certificate by its number. */
export function fingerprintOf(certificate: number): string {
  const hex = certificate.toString(16).toUpperCase().padStart(8, '0');
  return `sha-256 ${hex.match(/../g)?.join(':')}${':5A'.repeat(28)}`;
}

/** What the receiver of a description reads in it. */
export interface Read {
  readonly author: string;
  readonly fingerprint: string;
  readonly ice: IceCredentials;
}

export function readOf(text: string): Read {
  const value = (name: string) => {
    const at = text.indexOf(`\r\na=${name}:`);
    if (at < 0) return '';
    const from = at + name.length + 5;
    return text.slice(from, text.indexOf('\r\n', from));
  };
  return {
    author: value('tool'),
    fingerprint: value('fingerprint'),
    ice: { ufrag: value('ice-ufrag'), password: value('ice-pwd') },
  };
}

/** The author of a viewer's description, and of a camera's, which also says for which viewer's or session's it is. */
export const viewerAuthor = (view: number) => `view-${view}`;
export const cameraAuthor = (camera: string, of: string) => `${camera}@${of}`;
