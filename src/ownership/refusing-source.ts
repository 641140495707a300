import type { OwnershipSource } from './source.ts';

/** The source of a relay that was given none: it knows nobody, and refuses everyone. */
export function refusingSource(): OwnershipSource {
  let closed = false;
  const demandOpen = (signal: AbortSignal) => {
    if (closed) throw new Error('the source is closed');
    signal.throwIfAborted();
  };
  return {
    name: 'none',
    async ask({ subject, device }, signal) {
      demandOpen(signal);
      return { subject, device, role: undefined, notAfterMs: undefined, version: 'none' };
    },
    async devicesOf(_, signal) {
      demandOpen(signal);
      return [];
    },
    async close() {
      closed = true;
    },
  };
}
