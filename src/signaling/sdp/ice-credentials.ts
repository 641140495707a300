import { LatchkeyError, limits } from '../../base/index.ts';
import type { IceCredentials } from '../../relay/index.ts';
import { attributes, type SdpLine } from './lines.ts';

const iceCharacters = /^[A-Za-z0-9+/]+$/;

/**
 * The ICE credentials that hold for a media section: its own, or the session's where it has none (RFC 8839 section 5.4).
 * Throws `sdp-no-ice` when one is missing, given twice, of a wrong length or of another alphabet.
 */
export function readIceCredentials(session: readonly SdpLine[], section: readonly SdpLine[]): IceCredentials {
  const ufrag = one(session, section, 'ice-ufrag');
  const password = one(session, section, 'ice-pwd');
  const { iceUfragCharactersMax, icePasswordCharactersMin, icePasswordCharactersMax } = limits;
  if (!isIceText(ufrag, 4, iceUfragCharactersMax)) throw new LatchkeyError('sdp-no-ice', 'ice-ufrag');
  if (!isIceText(password, icePasswordCharactersMin, icePasswordCharactersMax))
    throw new LatchkeyError('sdp-no-ice', 'ice-pwd');
  return { ufrag, password };
}

function one(session: readonly SdpLine[], section: readonly SdpLine[], name: string): string {
  const own = attributes(section, name);
  const values = own.length > 0 ? own : attributes(session, name);
  const [value] = values;
  if (value === undefined || values.length > 1) throw new LatchkeyError('sdp-no-ice', name);
  return value;
}

function isIceText(text: string, charactersMin: number, charactersMax: number): boolean {
  return text.length >= charactersMin && text.length <= charactersMax && iceCharacters.test(text);
}
