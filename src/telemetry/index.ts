export { type CounterName, counters, type HistogramName, histograms, type Told } from './catalogue.ts';
export { createLog, type Log, type LogFields, type LogLevel } from './logs.ts';
export { type CountHeard, Metrics } from './metrics.ts';
export { type Operations, openOperations, type Readiness } from './operations.ts';
export { Rarely } from './rarely.ts';
export { readingLines } from './reading-lines.ts';
export type { Build, Readings, RelayReadings, WorkerReadings } from './readings.ts';
export { openTracing, type SpanOutcome, type Tracing, type TracingSettings } from './tracing/index.ts';
