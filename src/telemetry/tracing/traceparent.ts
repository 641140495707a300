/** The place in somebody else's trace that a request comes from. */
export interface RemoteParent {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether its sender records it. */
  readonly sampled: boolean;
}

const form = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Reads a `traceparent` header (W3C Trace Context, section 3.2). Undefined for what is none: then a trace begins here. */
export function readTraceparent(text: string): RemoteParent | undefined {
  const [, version = '', traceId = '', spanId = '', flags = '', more] = form.exec(text) ?? [];
  if (version === '' || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function writeTraceparent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}
