export { auditPlaceOf, openAudit } from './audit.ts';
export { developmentIssuerOf, openEmbeddedOwnership, openTicketKeys } from './embedded.ts';
export { fault, relayObserver, sharedCacheObserver, signalingObserver } from './observers.ts';
export { admissionSettings, bindable, relaySettings } from './part-settings.ts';
export { openSharedCache } from './shared.ts';
export { openGrantBook, openOwnershipSource } from './sources.ts';
