import { decodeJwt } from 'jose';
import { limits, type Redacted } from '../base/index.ts';
import type { TokenKind } from './settings.ts';

/**
 * What a token says that it is, before anything of it is verified; undefined where it does not say. Good for choosing where it waits for its
 * verification, and for nothing else.
 */
export function claimedKind(
  token: Redacted<string>,
  audiences: Readonly<Record<TokenKind, string>>,
): TokenKind | undefined {
  const text = token.reveal();
  if (text.length > limits.tokenBytesMax) return undefined;
  try {
    const { aud = [] } = decodeJwt(text);
    const list: readonly unknown[] = typeof aud === 'string' ? [aud] : aud;
    if (!Array.isArray(list) || list.includes(audiences.viewer) === list.includes(audiences.camera)) return undefined;
    return list.includes(audiences.viewer) ? 'viewer' : 'camera';
  } catch {
    return undefined;
  }
}
