import { type Clock, noTracer, type Tracer } from '../../base/index.ts';

export interface TracingSettings {
  /** Where spans go: OTLP over HTTP with JSON, such as `http://localhost:4318/v1/traces`. Null: nothing is traced. */
  readonly endpoint: string | null;
  /** Which part of the requests is traced, from 0 to 1. */
  readonly sampleRatio: number;
}

/** What became of spans: they were taken, could not be sent, or there was no room for them. */
export type SpanOutcome = 'exported' | 'failed' | 'dropped';

export interface TracingPowers {
  readonly clock: Clock;
  readonly version: string;
  /** Told of each batch. */
  readonly told: (outcome: SpanOutcome, count: number) => void;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what there is still, for `limits.tracesCloseMsMax` at most. */
  close(): Promise<void>;
}

/** Opens tracing. Where it is off, none of OpenTelemetry's implementation is loaded. */
export async function openTracing({ endpoint, sampleRatio }: TracingSettings, powers: TracingPowers): Promise<Tracing> {
  if (endpoint === null) return { tracer: noTracer, async close() {} };
  const { openOtelTracing } = await import('./otel-tracing.ts');
  return openOtelTracing({ endpoint, sampleRatio }, powers);
}
