import { networkInterfaces } from 'node:os';
import type { Settings } from '../config/index.ts';
import type { SessionSettings } from '../pairing/index.ts';
import type { RelaySettings } from '../relay/index.ts';
import type { AdmissionSettings } from '../signaling/index.ts';

export function admissionSettings({
  attempts,
  failures,
  registrations,
  ...others
}: Settings['admission']): AdmissionSettings {
  const bounds = ({ perMinute, burst }: typeof attempts) => (perMinute === null ? undefined : { perMinute, burst });
  return {
    ...others,
    attempts: bounds(attempts),
    failures: bounds(failures),
    registrations: bounds(registrations),
  };
}

/** The bounds of live views as they are at the moment of each question. */
export function sessionSettings(now: { readonly settings: Settings }): SessionSettings {
  return {
    get lifetimeMsMax() {
      return now.settings.sessions.lifetimeSecondsMax * 1000;
    },
    get perDeviceMax() {
      return now.settings.sessions.perDeviceMax;
    },
    get perSubjectMax() {
      return now.settings.sessions.perSubjectMax;
    },
  };
}

export function relaySettings({ relay, sessions: { idleSecondsMax } }: Settings): RelaySettings {
  const { host, interface: device, rates, ...others } = relay;
  return {
    ...others,
    host: bindable(host),
    idleMsMax: idleSecondsMax === null ? undefined : idleSecondsMax * 1000,
    device,
    rates: {
      side: { bitsPerSecondMax: rates.sideBitsPerSecondMax, packetsPerSecondMax: rates.sidePacketsPerSecondMax },
      session: {
        bitsPerSecondMax: rates.sessionBitsPerSecondMax,
        packetsPerSecondMax: rates.sessionPacketsPerSecondMax,
      },
    },
  };
}

/** Every address means those of IPv4 on a machine that has no IPv6. */
export function bindable(host: string): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return host === '::' && !addresses.some((address) => address?.family === 'IPv6') ? '0.0.0.0' : host;
}
