import { limits } from '../../base/index.ts';
import { type IssuerSettings, inspectKeys } from '../../identity/index.ts';
import { type Finding, ok, problem, warning, whyOf } from './finding.ts';
import { type Check, noteDate, type Patient } from './patient.ts';

/** The keys of each issuer: whether they can be had, and how many of them verify what is taken here. */
export const keysCheck: Check = {
  name: 'keys',
  async look(patient) {
    const { issuers, developmentIssuer } = patient.settings.identity;
    const found = await Promise.all(issuers.map((issuer) => ofIssuer(issuer, patient)));
    if (!developmentIssuer) return found.flat();
    return [
      ...found.flat(),
      warning('the development issuer is trusted: for trying out', 'set identity.developmentIssuer to false'),
    ];
  },
};

async function ofIssuer({ issuer, keys }: IssuerSettings, patient: Patient): Promise<Finding[]> {
  const { clock } = patient.machine;
  const noted: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    noteDate(patient, issuer, response.headers.get('date'));
    return response;
  };
  const [place] = Object.values(keys);
  try {
    const { usable, ignored, notAfterMs } = await inspectKeys(keys, patient.settings.identity.algorithms, {
      clock,
      fetch: noted,
    });
    if (usable === 0) {
      const taken = patient.settings.identity.algorithms.join(', ');
      return [
        problem(
          `${issuer}: none of its keys verifies ${taken}`,
          `have ${place} hold such a key, or add its algorithm to identity.algorithms`,
        ),
      ];
    }
    const found = [ok(`${issuer}: ${usable} usable ${usable === 1 ? 'key' : 'keys'} from ${place}`)];
    if (ignored.length > 0) {
      const kinds = [...new Set(ignored)].join(', ');
      found.push(
        warning(
          `${issuer}: ${ignored.length} of its keys are of no use here (${kinds})`,
          `take them out of ${place}, if nobody else needs them there`,
        ),
      );
    }
    return notAfterMs === undefined ? found : [...found, ...ofCertificate(issuer, place, notAfterMs - clock.now())];
  } catch (thrown) {
    return [
      problem(
        `${issuer}: no keys from ${place}: ${whyOf(thrown)}`,
        `see that this machine can read ${place}: nobody of this issuer can sign in`,
      ),
    ];
  }
}

const dayMs = 86_400_000;

function ofCertificate(issuer: string, place: string | undefined, leftMs: number): Finding[] {
  const days = Math.floor(leftMs / dayMs);
  if (leftMs <= 0)
    return [
      warning(
        `${issuer}: the certificate of its key has ended`,
        `put a newer one into ${place}; the relay goes by the key and not by its end`,
      ),
    ];
  if (days > limits.doctorDaysLeftMin) return [];
  return [
    warning(
      `${issuer}: the certificate of its key ends in ${days} days`,
      `put the issuer’s next key into ${place} before`,
    ),
  ];
}
