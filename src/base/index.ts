export * from './clock.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './limits.ts';
export * from './random.ts';
export * from './redacted.ts';
