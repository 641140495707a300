import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTraceparent, writeTraceparent } from '../../../src/telemetry/tracing/traceparent.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it.each([
    ['that is recorded', `00-${traceId}-${spanId}-01`, true],
    ['that is not', `00-${traceId}-${spanId}-00`, false],
    ['with flags that are not known', `00-${traceId}-${spanId}-03`, true],
    ['of a later version', `cc-${traceId}-${spanId}-01-more`, true],
  ])('%s is read', (_, text, sampled) => {
    expect(readTraceparent(text)).toEqual({ traceId, spanId, sampled });
  });

  it.each([
    ['nothing', ''],
    ['no trace', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['no parent', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['the version that is none', `ff-${traceId}-${spanId}-01`],
    ['more than its version has', `00-${traceId}-${spanId}-01-more`],
    ['capitals', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['too short a trace', `00-${traceId.slice(1)}-${spanId}-01`],
    ['two of them', `00-${traceId}-${spanId}-01,00-${traceId}-${spanId}-01`],
  ])('%s is none', (_, text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });

  it('is read as it was written', () => {
    const hex = (length: number) =>
      fc
        .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
        .filter((text) => /[^0]/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), (trace, span) => {
        expect(readTraceparent(writeTraceparent(trace, span))).toEqual({ traceId: trace, spanId: span, sampled: true });
      }),
    );
  });

  it('is never more than a trace and a span, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\da-f-]{50,60}$/)), (text) => {
        const read = readTraceparent(text);
        if (read === undefined) return;
        expect([read.traceId, read.spanId]).toEqual([
          expect.stringMatching(/^[\da-f]{32}$/),
          expect.stringMatching(/^[\da-f]{16}$/),
        ]);
      }),
    );
  });
});
