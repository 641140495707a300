import { parse } from 'sdp-transform';
import { LatchkeyError } from '../../base/index.ts';
import type { IceCredentials } from '../../relay/index.ts';

/** What one reading of a description found. */
export interface Reading {
  readonly ice: IceCredentials;
  /** Each `sha-256 AA:BB:…`. */
  readonly fingerprints: readonly string[];
  readonly mediaCount: number;
}

/**
 * Reads the text once more, with a parser that knows nothing of the first reading, and demands that both find the same
 * transport. Endpoints have parsers of their own; a text that two of them understand differently is not passed on, for one of
 * them could see another certificate in it than the one that the grant names. Throws `sdp-malformed`.
 */
export function demandSameReading(text: string, first: Reading): void {
  const second = parse(text);
  if (second.media.length !== first.mediaCount) throw new LatchkeyError('sdp-malformed', 'read in two ways: media');
  for (const section of [second, ...second.media]) {
    // Words that are numbers come as numbers.
    const differs = (found: unknown, wanted: string) => found !== undefined && String(found) !== wanted;
    if (differs(section.iceUfrag, first.ice.ufrag) || differs(section.icePwd, first.ice.password))
      throw new LatchkeyError('sdp-malformed', 'read in two ways: ICE');
    const { fingerprint } = section;
    if (fingerprint === undefined) continue;
    const name = `${fingerprint.type.toLowerCase()} ${String(fingerprint.hash).toUpperCase()}`;
    if (!first.fingerprints.includes(name)) throw new LatchkeyError('sdp-malformed', 'read in two ways: fingerprint');
  }
}
