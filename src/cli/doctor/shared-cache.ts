import { deviceId, limits, subjectId } from '../../base/index.ts';
import type { OwnershipSource, SharedOutcome } from '../../ownership/index.ts';
import { openSharedCache } from '../../wiring/index.ts';
import { type Finding, ok, problem, unknown, whyOf } from './finding.ts';
import type { Check, Patient } from './patient.ts';

/** The cache that relays share: an entry that nobody else can read is written, and read again. */
export const sharedCacheCheck: Check = {
  name: 'cache',
  async look(patient) {
    const { shared } = patient.settings.ownership.cache;
    if (shared === null) return [ok('relays share no cache')];
    try {
      return [await tried(patient, shared.url)];
    } catch (thrown) {
      return [problem(whyOf(thrown), 'correct that setting, and look again')];
    }
  },
};

/** Answers under a name of its own: no relay ever reads them. */
const source: OwnershipSource = {
  name: 'doctor',
  sharedAs: 'latchkey doctor',
  ask: () => Promise.reject(new Error('nobody asks this source')),
  devicesOf: () => Promise.reject(new Error('nobody asks this source')),
  close: async () => {},
};
const question = { subject: subjectId('latchkey-doctor'), device: deviceId('latchkey-doctor') };
const lifeMs = 10_000;

async function tried({ settings, machine }: Patient, url: string): Promise<Finding> {
  const { clock, random } = machine;
  const revision = random.bytes(16).toString('base64url');
  let outcome: SharedOutcome | undefined;
  const reached = Promise.withResolvers<string>();
  const lateTimer = clock.after(limits.sharedConnectMsMax, () => reached.resolve('late'));
  const grantMsMax = Math.max(settings.ownership.cache.grantMsMax, lifeMs);
  const roomy = {
    ...settings,
    ownership: { ...settings.ownership, cache: { ...settings.ownership.cache, grantMsMax } },
  };
  const cache = openSharedCache(roomy, source, machine, {
    asked: (told) => {
      outcome = told;
    },
    state: (state, code) => reached.resolve(code === undefined ? state : `${state}, ${code}`),
  });
  try {
    const state = await reached.promise;
    if (state !== 'connected') return ofState(state, url);
    const askedAtMs = clock.now();
    const answer = { ...question, role: 'viewer' as const, notAfterMs: undefined, version: revision };
    const entry = { answer, source: source.name, revision, expiresAtMs: askedAtMs + lifeMs };
    cache?.remember(question, entry, askedAtMs);
    // One connection keeps the order of its commands: what was written before is there.
    const found = await cache?.recall(question, () => revision);
    if (found !== undefined)
      return ok(`${url} takes a sealed entry and gives it back in ${Math.round(clock.now() - askedAtMs)} ms`);
    return ofOutcome(outcome, url);
  } finally {
    lateTimer.cancel();
    cache?.close();
  }
}

function ofState(state: string, url: string): Finding {
  if (state.startsWith('refused'))
    return problem(
      `${url} does not let this relay in`,
      'see that ownership.cache.shared.password is the server’s, and its user may GET and SET latchkey:*',
    );
  return problem(
    `${url} cannot be reached (${state}); relays ask the source instead`,
    'see that the server runs and can be reached from here: redis-cli ping',
  );
}

function ofOutcome(outcome: SharedOutcome | undefined, url: string): Finding {
  const what = `an entry that was written to ${url} did not come back (${outcome ?? 'untold'})`;
  if (outcome === 'alarm')
    return problem(
      `${what}: something between confuses or changes replies`,
      'leave the shared cache out (ownership.cache.shared: null) until that is found',
    );
  if (outcome === 'outdated') return unknown(what, 'run it again: another doctor looked at the same time');
  return problem(
    what,
    'see that the user may SET latchkey:*, the server is no read-only replica, and it has memory (maxmemory)',
  );
}
