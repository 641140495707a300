import type { Finding } from '../../../../src/cli/doctor/finding.ts';
import { type Check, type Machine, type Patient, thisMachine } from '../../../../src/cli/doctor/patient.ts';
import { loadSettings } from '../../../../src/config/index.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

export interface Ailment {
  /** Environment variables that set settings. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly machine?: Partial<Machine>;
}

/** Settings that work, in a folder of their own, with what ails them. */
export function patient({ environment = {}, machine = {} }: Ailment = {}): Patient {
  return {
    settings: loadSettings('config/demo.json', {
      LATCHKEY_DEMO: 'false',
      LATCHKEY_DATA_DIRECTORY: temporaryFolder(),
      ...environment,
    }),
    environment,
    machine: { ...thisMachine, ...machine },
    otherClocks: [],
    relayProcess: undefined,
  };
}

/** What a check finds, each as `outcome: found → todo`. */
export async function said(check: Check, of: Patient): Promise<string[]> {
  return (await check.look(of)).map(sentence);
}

export function sentence({ outcome, found, todo }: Finding): string {
  return `${outcome}: ${found}${todo === undefined ? '' : ` → ${todo}`}`;
}
