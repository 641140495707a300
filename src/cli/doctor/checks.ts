import { limits, within } from '../../base/index.ts';
import { addressesCheck } from './addresses.ts';
import { certificateCheck } from './certificate.ts';
import { clockCheck } from './clock.ts';
import { dataDirectoryCheck } from './data-directory.ts';
import { filesCheck } from './files.ts';
import { type Finding, unknown, whyOf } from './finding.ts';
import { kernelCheck } from './kernel.ts';
import { keysCheck } from './keys.ts';
import type { Check, Patient } from './patient.ts';
import { portsCheck } from './ports.ts';
import { runtimeCheck } from './runtime.ts';
import { settingsCheck } from './settings.ts';
import { sharedCacheCheck } from './shared-cache.ts';
import { sourceCheck } from './source.ts';
import { ticketsCheck } from './tickets.ts';

/** In this order: the clock is compared with what keys and the source said, and files with the relay that holds the ports. */
export const checks: readonly Check[] = [
  settingsCheck,
  keysCheck,
  ticketsCheck,
  sourceCheck,
  sharedCacheCheck,
  clockCheck,
  portsCheck,
  addressesCheck,
  certificateCheck,
  dataDirectoryCheck,
  filesCheck,
  kernelCheck,
  runtimeCheck,
];

/** What each check finds, one after the other. A check that fails or hangs has found nothing, and the next one goes on. */
export async function* examined(
  patient: Patient,
  all: readonly Check[] = checks,
): AsyncGenerator<readonly [string, Finding]> {
  for (const check of all) {
    for (const finding of await findingsOf(check, patient)) yield [check.name, finding];
  }
}

async function findingsOf(check: Check, patient: Patient): Promise<readonly Finding[]> {
  try {
    return await within(patient.machine.clock, limits.doctorCheckMsMax, async () => await check.look(patient));
  } catch (thrown) {
    return [
      unknown(
        `this could not be looked at: ${whyOf(thrown)}`,
        'look again; if it stays so, that is a fault of the doctor',
      ),
    ];
  }
}
