/**
 * What goes wrong between a relay and its source. `unreachable`: no connection, or one that broke. `late`: no answer in time. `refused`: the
 * source does not let this relay in, or does not have what it asks for. `failed`: it says that it cannot answer. `malformed`: what it says
 * is no answer. `too-large`: it says too much. `busy`: more is asked of it than it is let to do at once. `resting`: it failed too often, and is
 * left alone for a while. `not-listening`: its changes are not heard, so that nothing is remembered. `unheard`: a change came that was
 * not told. `replaced`: its file is gone, or another is in its place.
 */
export type SourceFault =
  | 'unreachable'
  | 'late'
  | 'refused'
  | 'failed'
  | 'malformed'
  | 'too-large'
  | 'busy'
  | 'resting'
  | 'not-listening'
  | 'unheard'
  | 'replaced';

/** What a source has to tell beside its answers. */
export interface SourceObserver {
  /** `code` is the platform's or the source's own word for it, such as `ECONNREFUSED` or an SQLSTATE; it names nobody. */
  fault?(fault: SourceFault, code: string | undefined): void;
  /** An answer was not sealed by the source, or belongs to another question. */
  alarm?(kind: 'source-mac' | 'source-crossed'): void;
}

/** A failure of a source, for those who ask it: it becomes `source-unavailable`. */
export class SourceFailure extends Error {
  readonly fault: SourceFault;
  readonly code: string | undefined;

  constructor(fault: SourceFault, code?: string, options?: ErrorOptions) {
    super(code === undefined ? fault : `${fault} (${code})`, options);
    this.name = 'SourceFailure';
    this.fault = fault;
    this.code = code;
  }
}

/** The short word that an error of the platform or of a driver carries. */
export function codeOfError(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : undefined;
}
