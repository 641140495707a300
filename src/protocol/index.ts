export * from './grant.ts';
export * from './json-rpc.ts';
export * from './onvif.ts';
