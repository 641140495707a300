export { adminObserver, adminSettings, ownTokenFile } from './admin.ts';
export { developmentIssuerOf, openEmbeddedOwnership, openTicketKeys } from './embedded.ts';
export { nodeStatusOf } from './node-status.ts';
export { fault, relayObserver, sharedCacheObserver, signalingObserver } from './observers.ts';
export { admissionSettings, bindable, relaySettings } from './part-settings.ts';
export { openSharedCache } from './shared.ts';
export { openGrantBook, openOwnershipSource } from './sources.ts';
export { Tallies } from './tallies.ts';
