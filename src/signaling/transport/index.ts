export { openTransport } from './choose.ts';
export type { TransportParts } from './server-core.ts';
export type * from './transport.ts';
export { whyNoUws } from './uws-module.ts';
