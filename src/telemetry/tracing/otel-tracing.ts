import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import {
  asErrorCode,
  errorTable,
  limits,
  noSpan,
  type Span,
  type SpanName,
  type SpanNotes,
  type Tracer,
  within,
} from '../../base/index.ts';
import { CountedSpans } from './counted-spans.ts';
import type { Tracing, TracingPowers, TracingSettings } from './index.ts';
import { Sampling } from './sampling.ts';
import { readTraceparent, writeTraceparent } from './traceparent.ts';

type OtelSpan = ReturnType<OtelTracer['startSpan']>;
type OtelTracer = ReturnType<BasicTracerProvider['getTracer']>;

/**
 * Spans by OpenTelemetry. Headers for the receiver, such as its key, come from `OTEL_EXPORTER_OTLP_HEADERS` as with any of its programs.
 * Nothing is registered globally, and no context is carried by itself: rooms hand each span on.
 */
export function openOtelTracing(
  { endpoint, sampleRatio }: TracingSettings & { readonly endpoint: string },
  { clock, version, told }: TracingPowers,
): Tracing {
  const spans = new CountedSpans(
    new OTLPTraceExporter({ url: endpoint, timeoutMillis: limits.tracesExportMsMax, concurrencyLimit: 1 }),
    told,
  );
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'latchkey', 'service.version': version }),
    // Who is recorded is decided before anything is made for it.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [spans],
  });
  const tracer = provider.getTracer('latchkey', version);
  const sampling = new Sampling(sampleRatio, clock);
  return {
    tracer: samplingTracer(tracer, sampling),
    async close() {
      await within(clock, limits.tracesCloseMsMax, () => provider.shutdown()).catch(() => {});
    },
  };
}

function samplingTracer(tracer: OtelTracer, sampling: Sampling): Tracer {
  return {
    begin(name, remote, beganMs) {
      const parent = remote === undefined ? undefined : readTraceparent(remote);
      if (!sampling.takes(name, parent)) return noSpan;
      const context =
        parent === undefined
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, {
              traceId: parent.traceId,
              spanId: parent.spanId,
              traceFlags: TraceFlags.SAMPLED,
              isRemote: true,
            });
      const options = { kind: SpanKind.SERVER, ...(beganMs !== undefined && { startTime: beganMs }) };
      return new RecordedSpan(tracer, tracer.startSpan(name, options, context));
    },
  };
}

class RecordedSpan implements Span {
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;
  readonly #context: Context;
  #ended = false;

  constructor(tracer: OtelTracer, span: OtelSpan) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = trace.setSpan(ROOT_CONTEXT, span);
  }

  get traceparent(): string {
    const { traceId, spanId } = this.#span.spanContext();
    return writeTraceparent(traceId, spanId);
  }

  child(name: SpanName): Span {
    const kind = name === 'ownership.source' ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return new RecordedSpan(this.#tracer, this.#tracer.startSpan(name, { kind }, this.#context));
  }

  note<Name extends keyof SpanNotes>(name: Name, word: SpanNotes[Name]): void {
    this.#span.setAttribute(`latchkey.${name}`, word);
  }

  end(outcome: Parameters<Span['end']>[0]): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#span.setAttribute('latchkey.outcome', outcome);
    const code = asErrorCode(outcome);
    // A refusal is an answer as well; what the relay or the source could not do is a fault.
    if (code !== undefined && errorTable[code].http >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
  }
}
