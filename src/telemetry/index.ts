export { createLog, type Log, type LogFields, type LogLevel } from './logs.ts';
export {
  type CounterName,
  type CountHeard,
  type HistogramName,
  Metrics,
  type Readings,
  type RelayReadings,
} from './metrics.ts';
export { type Operations, openOperations, type Readiness } from './operations.ts';
export { Rarely } from './rarely.ts';
