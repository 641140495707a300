export { Draining, type DrainOptions, type DrainProgress, shortDrain } from './draining.ts';
export { developmentIssuerOf, openEmbeddedOwnership, openTicketKeys } from './embedded.ts';
export { RenewableIdentity } from './identity.ts';
export { fault, relayObserver, sharedCacheObserver, signalingObserver } from './observers.ts';
export { admissionSettings, bindable, relaySettings, sessionSettings } from './part-settings.ts';
export { Reloading } from './reload.ts';
export { openSharedCache } from './shared.ts';
export { openGrantBook, openOwnershipSource } from './sources.ts';
