import koffi from 'koffi';
import { limits } from '../../base/index.ts';
import { type Finding, ok, problem, unknown, warning } from './finding.ts';
import type { Check, Patient } from './patient.ts';

/** Whether the clock of this machine is right: tokens, tickets and grants are good for a time. */
export const clockCheck: Check = {
  name: 'clock',
  async look(patient) {
    return [
      ofKernel(await kernelSays()),
      ...patient.otherClocks.map((other) => ofOther(other, patient)),
      await ofSteps(patient),
    ];
  },
};

export type Synchronised = 'yes' | 'no' | 'untold';

/** What Linux knows of how its clock is kept (adjtimex(2)): asking changes nothing. */
export async function kernelSays(): Promise<Synchronised> {
  try {
    if (process.platform !== 'linux') return 'untold';
    const timex = Buffer.alloc(512);
    const state = koffi.load(null).func('int adjtimex(void *)')(timex) as number;
    if (state < 0) return 'untold';
    return state === TIME_ERROR || (timex.readInt32LE(statusAt) & STA_UNSYNC) !== 0 ? 'no' : 'yes';
  } catch {
    return 'untold';
  }
}

export function ofKernel(synchronised: Synchronised): Finding {
  const todo = 'timedatectl set-ntp true, or install chrony';
  if (synchronised === 'yes') return ok('the kernel’s clock is synchronised');
  if (synchronised === 'no') return warning('nobody synchronises the kernel’s clock', todo);
  return unknown('the kernel does not say whether its clock is synchronised', `${todo}; in a container, on its host`);
}

function ofOther({ whose, aheadMs }: Patient['otherClocks'][number], { settings }: Patient): Finding {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const toleratedSeconds = settings.identity.clockToleranceSeconds;
  const found = `the clock of ${whose} is ${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} this one`;
  if (seconds <= limits.doctorClockSecondsMax) return ok(found);
  const todo = 'synchronise both: tokens are judged by this one';
  return seconds > toleratedSeconds
    ? problem(`${found}: more than identity.clockToleranceSeconds`, todo)
    : warning(found, todo);
}

/** A clock that is set while the relay runs moves every expiry with it. */
async function ofSteps({ machine: { clock, steadyMs } }: Patient): Promise<Finding> {
  const before = clock.now() - steadyMs();
  await new Promise<void>((resolve) => {
    clock.after(limits.doctorClockLookMs, resolve);
  });
  const stepMs = Math.round(clock.now() - steadyMs() - before);
  if (Math.abs(stepMs) <= limits.doctorClockStepMsMax) return ok('it goes as fast as the steady clock');
  return warning(
    `it moved by ${stepMs} ms against the steady clock while it was looked at`,
    'have it slewed and not set: chrony without makestep',
  );
}

const TIME_ERROR = 5;
const STA_UNSYNC = 0x40;
/** `status` of `struct timex` where `long` has eight bytes: after `modes`, `offset`, `freq`, `maxerror` and `esterror`. */
const statusAt = 40;
