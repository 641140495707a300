export { auditPlaceOf, openAudit } from './audit.ts';
export { developmentIssuerOf, openEmbeddedOwnership, openTicketKeys } from './embedded.ts';
export { openLevers, switchPositions } from './levers.ts';
export { fault, relayObserver, sharedCacheObserver, signalingObserver } from './observers.ts';
export { admissionSettings, bindable, relaySettings } from './part-settings.ts';
export { readingsOf, type Standing } from './readings.ts';
export { openSharedCache } from './shared.ts';
export { openGrantBook, openOwnershipSource } from './sources.ts';
export { timedIdentity } from './timed-identity.ts';
