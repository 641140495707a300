import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError, limits, subjectId, within } from '../../base/index.ts';
import { givenText } from '../../config/index.ts';
import {
  type OwnershipAlarm,
  type OwnershipSource,
  openSqliteSource,
  type SourceFault,
} from '../../ownership/index.ts';
import { openOwnershipSource } from '../../wiring/index.ts';
import { exchange } from './exchange.ts';
import { type Finding, ok, problem, warning, whyOf } from './finding.ts';
import { type Check, noteDate, type Patient } from './patient.ts';

/** The source of ownership: it is asked what somebody may see whom nobody knows. */
export const sourceCheck: Check = {
  name: 'source',
  async look(patient) {
    const { source } = patient.settings.ownership;
    if (source === 'none')
      return [
        warning('ownership.source is none: nobody may see anything', 'name one: sqlite, postgres, http or claims'),
      ];
    if (source === 'claims') return [ok('each viewer’s token says what it may see')];
    if (source === 'sqlite') return [await ofSqlite(patient)];
    return await ofRemote(patient, source);
  },
};

const nobody = subjectId('latchkey-doctor');

async function ofSqlite({ settings, machine: { clock } }: Patient): Promise<Finding> {
  const file = settings.ownership.file ?? join(settings.dataDirectory, 'ownership.sqlite');
  if (!existsSync(file)) return ok(`${file} is not there yet; the relay makes it as it starts`);
  try {
    const source = openSqliteSource({ file, clock, readOnly: true });
    const revision = source.revision?.();
    await source.devicesOf(nobody, AbortSignal.timeout(limits.ownershipAnswerMsMax));
    await source.close();
    return ok(`${file} answers, and has this program’s schema (revision ${revision})`);
  } catch (thrown) {
    return problem(
      `it cannot be used: ${whyOf(thrown)}`,
      'restore it from a copy, or run the version of Latchkey that wrote it; one that is not set up yet is, once the relay starts',
    );
  }
}

async function ofRemote(patient: Patient, name: 'postgres' | 'http'): Promise<Finding[]> {
  const heard: Heard = { alarm: undefined, fault: undefined, listening: undefined };
  let source: OwnershipSource;
  try {
    source = openOwnershipSource(patient.settings, patient.environment, {
      ...patient.machine,
      observer: {
        alarm(kind) {
          heard.alarm ??= kind;
        },
        fault(fault, code) {
          if (fault === 'not-listening') heard.listening ??= code ?? fault;
          else heard.fault ??= { fault, code };
        },
      },
    });
  } catch (thrown) {
    return [problem(whyOf(thrown), 'correct that setting, and look again')];
  }
  const { clock } = patient.machine;
  const listening = source.changes && hears(source);
  try {
    const begunMs = clock.now();
    await within(clock, limits.ownershipAnswerMsMax, (signal) => source.devicesOf(nobody, signal));
    const found = [ok(`${name} answers in ${Math.round(clock.now() - begunMs)} ms`)];
    if (name === 'http') await noteServiceDate(patient);
    if (listening !== undefined) found.push(await ofListening(listening, patient, heard));
    return found;
  } catch (thrown) {
    return [ofFault(name, thrown, heard, patient)];
  } finally {
    await source.close();
  }
}

interface Heard {
  alarm: OwnershipAlarm | undefined;
  fault: { readonly fault: SourceFault; readonly code: string | undefined } | undefined;
  listening: string | undefined;
}

/** A source that begins to listen tells that everything may have changed. */
function hears(source: OwnershipSource): Promise<void> {
  return new Promise((resolve) => source.changes?.(() => resolve()));
}

async function ofListening(listening: Promise<void>, { machine: { clock } }: Patient, heard: Heard): Promise<Finding> {
  try {
    await within(clock, limits.postgresConnectMsMax, () => listening);
    return ok('its changes are heard (LISTEN), and its schema is this program’s');
  } catch {
    const why = heard.listening ?? 'late';
    return problem(
      `its changes are not heard (${why}): nothing is remembered, and a revocation is not told`,
      'see that the relay’s user may read latchkey.ownership_revision, and that no pooler of transactions (pgbouncer) stands between',
    );
  }
}

function ofFault(name: 'postgres' | 'http', thrown: unknown, { alarm, fault }: Heard, { settings }: Patient): Finding {
  if (alarm !== undefined) {
    const found =
      alarm === 'source-mac'
        ? 'the service’s answer is not sealed with a key that this relay has'
        : 'the answer belongs to another question';
    return problem(
      found,
      name === 'http'
        ? 'give both the same key: ownership.http.keyFile or LATCHKEY_SERVICE_KEYS'
        : 'look at what stands between the relay and its database',
    );
  }
  const { fault: kind = 'failed', code } = fault ?? {};
  const found = `${name} is ${kind}${code === undefined ? '' : ` (${code})`}`;
  return problem(fault === undefined ? `${name}: ${whyOf(thrown)}` : found, advice(name, kind, code, settings));
}

function advice(
  name: 'postgres' | 'http',
  fault: SourceFault,
  code: string | undefined,
  { ownership }: Patient['settings'],
): string {
  const { postgres, http } = ownership;
  const at = name === 'postgres' ? `${postgres.host} port ${postgres.port}` : `${http.url}`;
  if (name === 'postgres' && (code === '3F000' || code === '42P01'))
    return `latchkey own schema | psql -d ${postgres.database}`;
  if (name === 'postgres' && code === '42501')
    return `GRANT USAGE ON SCHEMA latchkey TO ${postgres.user}; GRANT SELECT ON ALL TABLES IN SCHEMA latchkey TO ${postgres.user};`;
  if (name === 'postgres' && fault === 'refused')
    return `see that user ${postgres.user} has its password and may use the database ${postgres.database}`;
  if (fault === 'refused') return 'the service refused the seal of the question: give both the same key';
  if (code !== undefined && /CERT|SIGNED|ALTNAME|SSL|TLS/.test(code))
    return `name the CA of its certificate: ownership.${name}.caFile`;
  if (fault === 'unreachable' || fault === 'late') return `see that ${at} can be reached from here, and runs`;
  return `look at what ${at} logs`;
}

async function noteServiceDate(patient: Patient): Promise<void> {
  const { url, caFile } = patient.settings.ownership.http;
  try {
    const ca = caFile === null ? undefined : givenText(caFile, limits.certificatesBytesMax);
    const { headers } = await within(patient.machine.clock, limits.doctorAnswerMsMax, (signal) =>
      exchange(url ?? '', { method: 'HEAD', ca, signal }),
    );
    noteDate(patient, 'the source', headers.date);
  } catch (thrown) {
    // It has answered its question: whether it takes another method is its own affair.
    if (thrown instanceof LatchkeyError) throw thrown;
  }
}
