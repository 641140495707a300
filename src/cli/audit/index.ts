import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError } from 'commander';
import {
  AuditStore,
  ask,
  ExportCheck,
  exportLines,
  type Head,
  HeadSigner,
  readHead,
  type StorePlace,
  subjectLines,
  type Verdict,
  verifyStore,
} from '../../audit/index.ts';
import { deviceId, LatchkeyError, limits, subjectId, systemRandom } from '../../base/index.ts';
import { loadSettings } from '../../config/index.ts';
import { auditPlaceOf, systemUser } from '../../wiring/index.ts';
import { demandConfirmed } from '../confirmed.ts';
import { pastMs } from '../durations.ts';
import { configOption, jsonOption, yesOption } from '../options.ts';
import { concluded, exitCodes } from '../outcome.ts';
import { answerText, verdictText } from './tables.ts';

interface AuditOptions {
  config?: string;
  json: boolean;
}

interface SpanOptions extends AuditOptions {
  from: number;
  to?: number;
}

/** `latchkey audit who-saw|what-saw|verify|export|export-subject|erase` */
export function auditCommand(): Command {
  return new Command('audit')
    .description('Say who saw which camera and when, and prove it. Works while the relay runs, and when it does not.')
    .addCommand(sawCommand('who-saw', 'device', 'Who saw a camera, who only tried, and whether the record is whole.'))
    .addCommand(sawCommand('what-saw', 'subject', 'What a person saw.'))
    .addCommand(verifyCommand())
    .addCommand(exportCommand())
    .addCommand(exportSubjectCommand())
    .addCommand(eraseCommand());
}

function sawCommand(name: string, part: 'device' | 'subject', description: string): Command {
  return shared(new Command(name).description(description))
    .argument(`<${part}>`, part === 'device' ? 'the camera' : 'the person')
    .option('--from <time>', 'ISO 8601, or how long ago such as 2h', pastMs, Date.now() - 7 * 86_400_000)
    .option('--to <time>', 'the same; now, when left out', pastMs)
    .action((whom: string, { from, to = Date.now(), ...options }: SpanOptions) =>
      withPlace(options, (place) => {
        const named = part === 'device' ? deviceId(whom) : subjectId(whom);
        if (to < from) throw new LatchkeyError('params-invalid', '--to lies before --from');
        const answer = ask(place.file, part, named, from, to);
        const verdict = verify(place);
        conclude(verdict);
        const words = answerText(
          answer,
          part === 'device' ? 'subject' : 'device',
          named,
          { fromMs: from, toMs: to },
          verdict,
        );
        print(options.json ? JSON.stringify({ ...answer, verdict }) : words);
      }),
    );
}

function verifyCommand(): Command {
  return shared(
    new Command('verify').description('Find any edit, gap, change of order or truncation. Exit code 1: there is one.'),
  )
    .option(
      '--head <head>',
      'a head that was written down elsewhere, as this command prints it; may be given again',
      heads,
      [],
    )
    .option('--file <file>', 'an export, instead of the relay’s own record')
    .option('--key <key>', 'who must have signed the export, as this command prints it; left out: whoever did')
    .action((options: AuditOptions & { head: Head[]; file?: string; key?: string }) =>
      concluded(async () => {
        const { file, key, head } = options;
        const verdict = file === undefined ? verify(await placeOf(options), head) : await verifyFile(file, key, head);
        conclude(verdict);
        print(options.json ? JSON.stringify(verdict) : verdictText(verdict));
      }, options.json),
    );
}

function exportCommand(): Command {
  return shared(
    new Command('export').description('Print the record as JSON Lines, which `verify --file` verifies by itself.'),
  )
    .option('--from <time>', 'ISO 8601, or how long ago such as 2h; left out: from the beginning', pastMs)
    .option('--to <time>', 'the same; left out: to the end', pastMs)
    .action(({ from, to, ...options }: AuditOptions & { from?: number; to?: number }) =>
      withPlace(options, (place) => printAll(exportLines(place, { fromMs: from, toMs: to }, Date.now()))),
    );
}

function exportSubjectCommand(): Command {
  return shared(
    new Command('export-subject').description('Print all that is on record of a person, as JSON Lines, for them.'),
  )
    .argument('<subject>', 'the person')
    .action((subject: string, options: AuditOptions) =>
      withPlace(options, (place) => printAll(subjectLines(place, subjectId(subject)))),
    );
}

function eraseCommand(): Command {
  return shared(
    new Command('erase').description('Forget a person’s name wherever it is on record. The record stays whole.'),
  )
    .argument('<subject>', 'the person')
    .addOption(yesOption('yes, for good'))
    .action((subject: string, options: AuditOptions & { yes: boolean }) =>
      withPlace(options, async (place) => {
        const erased = subjectId(subject);
        await demandConfirmed(`this forgets ${erased} wherever the name is on record, for good`, options.yes);
        const store = new AuditStore(place, systemRandom);
        try {
          const names = store.erase(erased, systemUser(), Date.now());
          const logEmptied = emptied(store);
          if (!logEmptied) process.exitCode = exitCodes.unavailable;
          print(options.json ? JSON.stringify({ erased: names, logEmptied }) : erasedText(names, logEmptied, place));
        } finally {
          store.close();
        }
      }),
    );
}

/** Who reads may be done with it in a moment, or may take hours over an export. */
function emptied(store: AuditStore): boolean {
  for (let tries = 0; tries < limits.auditLogTriesMax; tries++) if (store.emptyLog()) return true;
  return false;
}

function erasedText(names: number, logEmptied: boolean, { file }: StorePlace): string {
  const done = `${names} names erased, and that is on record`;
  if (logEmptied) return done;
  return (
    `${done}; but their bytes are still in ${file}-wal, because somebody is reading the record (an export, perhaps). ` +
    'Nothing is lost. When they have ended, say the same again.'
  );
}

function shared(command: Command): Command {
  return command.addOption(configOption()).addOption(jsonOption());
}

/** Throws `settings-invalid` where there is no record, or no key of it: what asks for one makes none. */
async function placeOf(options: AuditOptions): Promise<StorePlace> {
  const { dataDirectory, ...settings } = loadSettings(options.config, process.env);
  const demand = (file: string, what: string) => {
    if (existsSync(join(dataDirectory, file))) return;
    throw new LatchkeyError('settings-invalid', `there is no ${what} in ${dataDirectory}`);
  };
  demand('audit.sqlite', 'audit');
  demand('audit-key.json', 'audit-key.json, the key that has signed the audit');
  return await auditPlaceOf({ ...settings, dataDirectory });
}

function withPlace(options: AuditOptions, work: (place: StorePlace) => void | Promise<void>): Promise<void> {
  return concluded(async () => work(await placeOf(options)), options.json);
}

function verify({ file, anchorFile, key }: StorePlace, wanted: readonly Head[] = []): Verdict {
  return verifyStore({ file, anchorFile, publicKey: new HeadSigner(key).publicKey }, wanted);
}

async function verifyFile(file: string, key: string | undefined, wanted: readonly Head[]): Promise<Verdict> {
  const check = new ExportCheck(key, wanted);
  try {
    for await (const line of createInterface({ input: createReadStream(file) })) check.take(line);
  } catch (error) {
    if (error instanceof LatchkeyError) throw error;
    throw new LatchkeyError('settings-invalid', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return check.conclude();
}

function heads(text: string, before: Head[]): Head[] {
  try {
    return [...before, readHead(text)];
  } catch {
    throw new InvalidArgumentError(
      'Give a head as this command prints it: a number, a colon and 64 hexadecimal digits.',
    );
  }
}

function conclude({ findings }: Verdict): void {
  if (findings.length > 0) process.exitCode = exitCodes.failed;
}

async function printAll(lines: Iterable<string>): Promise<void> {
  for (const line of lines) {
    if (!process.stdout.write(line)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
