import type { EndReason, ErrorCode } from './errors.ts';

/** What is traced: a request of a peer, or a part of one. */
export type SpanName =
  | 'upgrade'
  | 'register'
  | 'connect'
  | 'extend'
  | 'verify'
  | 'authorize'
  | 'ownership.cache'
  | 'ownership.shared'
  | 'ownership.source'
  | 'answer';

/** What may be noted of a span. Every word is from a closed set: no span ever names a person, a device or an address. */
export interface SpanNotes {
  /** Who answered about ownership: the memory of this process, that which relays share, or the source. */
  readonly from: 'cache' | 'shared' | 'source';
  readonly flow: 'onvif' | 'answer' | 'whep';
}

/** One thing that takes its time, while it is under way. */
export interface Span {
  /** For whoever is asked on its behalf (W3C Trace Context, section 3.2). Undefined where it is not recorded. */
  readonly traceparent: string | undefined;
  /** Begins a part of it. */
  child(name: SpanName): Span;
  note<Name extends keyof SpanNotes>(name: Name, word: SpanNotes[Name]): void;
  /** Ends it; only the first call counts. */
  end(outcome: 'ok' | ErrorCode | EndReason): void;
}

/** Where rooms tell what they are about. They know no more of tracing. */
export interface Tracer {
  /**
   * Begins a trace, or goes on with one: `remote` is the `traceparent` of somebody who was verified, of nobody else. `beganMs`: when it
   * began, in milliseconds since the epoch; now, when left out.
   */
  begin(name: SpanName, remote?: string | undefined, beganMs?: number): Span;
}

/** What is not recorded. There is one, so that nothing is made where nobody traces. */
export const noSpan: Span = Object.freeze({ traceparent: undefined, child: () => noSpan, note() {}, end() {} });

export const noTracer: Tracer = Object.freeze({ begin: () => noSpan });
