import './limit-relations.ts';

export * from './agenda.ts';
export * from './clock.ts';
export * from './counts.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './ip-address.ts';
export * from './kept-file.ts';
export * from './lazy-timer.ts';
export * from './limits.ts';
export * from './random.ts';
export * from './record.ts';
export * from './redacted.ts';
export * from './slices.ts';
export * from './soon.ts';
export * from './strangers.ts';
export * from './thread.ts';
export * from './tracing.ts';
