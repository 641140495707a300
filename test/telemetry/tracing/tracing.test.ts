import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { limits, noSpan, noTracer, systemClock } from '../../../src/base/index.ts';
import { openTracing, type SpanOutcome } from '../../../src/telemetry/index.ts';
import { freePort } from '../../support/free-port.ts';
import { importsOf } from '../../support/imports.ts';
import { typeScriptBelow } from '../../support/source-files.ts';
import { spanReceiver } from '../../support/span-receiver.ts';

async function tracing(endpoint: string | null, sampleRatio = 1) {
  const told: Partial<Record<SpanOutcome, number>> = {};
  const opened = await openTracing(
    { endpoint, sampleRatio },
    {
      clock: systemClock,
      version: '1.2.3',
      told(outcome, count) {
        told[outcome] = (told[outcome] ?? 0) + count;
      },
    },
  );
  return { ...opened, told };
}

const remote = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

describe('tracing', () => {
  it('sends spans with their parents, their outcome and nothing else', async () => {
    await using receiver = await spanReceiver();
    const { tracer, told, close } = await tracing(receiver.endpoint);
    const connect = tracer.begin('connect');
    const authorize = connect.child('authorize');
    authorize.note('from', 'source');
    authorize.end('source-unavailable');
    authorize.end('ok');
    connect.end('not-allowed');
    await close();
    const [child, parent] = receiver.spans;
    expect(child).toMatchObject({
      name: 'authorize',
      traceId: parent?.traceId,
      parentSpanId: parent?.spanId,
      attributes: { 'latchkey.from': 'source', 'latchkey.outcome': 'source-unavailable' },
      status: { code: 2 },
    });
    expect(parent).toMatchObject({
      name: 'connect',
      attributes: { 'latchkey.outcome': 'not-allowed' },
      status: { code: 0 },
    });
    expect(parent?.parentSpanId ?? '').toBe('');
    expect(receiver.resources[0]).toMatchObject({ 'service.name': 'latchkey', 'service.version': '1.2.3' });
    expect(told).toEqual({ exported: 2 });
  });

  it('goes on with a trace that somebody else began, and hands it on', async () => {
    await using receiver = await spanReceiver();
    const { tracer, close } = await tracing(receiver.endpoint, 0);
    const span = tracer.begin('connect', remote, 1_700_000_000_000);
    expect(span.traceparent).toMatch(new RegExp(`^00-${'a'.repeat(32)}-[\\da-f]{16}-01$`));
    span.end('ok');
    await close();
    expect(receiver.spans[0]).toMatchObject({
      traceId: 'a'.repeat(32),
      parentSpanId: 'b'.repeat(16),
      startTimeUnixNano: '1700000000000000000',
    });
  });

  it('makes nothing where it is off, or where the request is none of the ratio', async () => {
    const off = await tracing(null);
    expect(off.tracer).toBe(noTracer);
    await using receiver = await spanReceiver();
    const rare = await tracing(receiver.endpoint, 0.01);
    for (const { tracer } of [off, rare]) {
      expect(tracer.begin('connect')).toBe(noSpan);
      expect(tracer.begin('connect', 'nonsense').child('authorize')).toBe(noSpan);
    }
    await rare.close();
    expect(receiver.exports).toBe(0);
  });

  it('drops what a receiver that hangs leaves no room for, and counts it', async () => {
    await using receiver = await spanReceiver(() => {});
    const { tracer, told, close } = await tracing(receiver.endpoint);
    for (let spans = 0; spans < limits.tracesWaitingMax + 7; spans++) tracer.begin('connect').end('ok');
    expect(told).toEqual({ dropped: 7 });
    await receiver.reached();
    await close();
  });

  it.each(['nobody there', 'an error'])('%s is counted, and loses nothing but the spans', async (what) => {
    const server = createServer((_, response) => response.writeHead(400).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = what === 'an error' && typeof address === 'object' ? address?.port : await freePort();
    const { tracer, told, close } = await tracing(`http://127.0.0.1:${port}/v1/traces`);
    tracer.begin('connect').end('ok');
    await close();
    expect(told.exported).toBeUndefined();
    if (what === 'an error') expect(told).toEqual({ failed: 1 });
    server.close();
  });

  it('is OpenTelemetry’s in two files, which nobody imports but when it is on', () => {
    const users = typeScriptBelow('src').filter((file) =>
      importsOf(file).some(({ specifier }) => specifier.startsWith('@opentelemetry/')),
    );
    expect(users.map(({ path }) => path).sort()).toEqual([
      'src/telemetry/tracing/counted-spans.ts',
      'src/telemetry/tracing/otel-tracing.ts',
    ]);
  });
});
