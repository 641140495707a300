import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { limits } from '../../base/index.ts';
import type { SpanOutcome } from './index.ts';

/**
 * Spans on their way to a receiver: in batches, one after the other, `limits.tracesWaitingMax` of them at most. Whoever ends a span waits
 * for nothing, and what there is no room for is dropped and counted.
 */
export class CountedSpans implements SpanProcessor {
  readonly #inner: BatchSpanProcessor;
  readonly #told: (outcome: SpanOutcome, count: number) => void;
  #waiting = 0;

  constructor(exporter: SpanExporter, told: (outcome: SpanOutcome, count: number) => void) {
    this.#told = told;
    const counted: SpanExporter = {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          this.#waiting -= spans.length;
          told(result.code === exportSucceeded ? 'exported' : 'failed', spans.length);
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
    };
    this.#inner = new BatchSpanProcessor(counted, {
      maxQueueSize: limits.tracesWaitingMax,
      maxExportBatchSize: limits.tracesPerBatchMax,
      scheduledDelayMillis: limits.tracesBatchMs,
      exportTimeoutMillis: limits.tracesExportMsMax,
    });
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#waiting >= limits.tracesWaitingMax) {
      this.#told('dropped', 1);
      return;
    }
    this.#waiting += 1;
    this.#inner.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}

/** `ExportResultCode.SUCCESS` of `@opentelemetry/core`. */
const exportSucceeded = 0;
