import { Command, Option } from 'commander';
import { deviceId, LatchkeyError, subjectId } from '../base/index.ts';
import { loadSettings } from '../config/index.ts';
import { type GrantBook, type OwnershipQuestion, postgresSchema, type Role } from '../ownership/index.ts';
import { type CommandAct, onRecord, openGrantBook } from '../wiring/index.ts';
import { momentMs } from './durations.ts';
import { configOption, jsonOption } from './options.ts';
import { concluded } from './outcome.ts';
import { table } from './table.ts';

interface OwnOptions {
  config?: string;
  json: boolean;
}

/** `latchkey own grant|revoke|list` */
export function ownCommand(): Command {
  return new Command('own')
    .description('Say who may see which camera, in the relay’s database: SQLite or PostgreSQL.')
    .addCommand(grantCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand())
    .addCommand(schemaCommand());
}

function grantCommand(): Command {
  return shared(new Command('grant').description('Let a person see a camera; replaces an earlier grant of the pair.'))
    .argument('<subject>', 'the person: the `sub` of their token, behind its issuer’s namespace')
    .argument('<device>', 'the camera')
    .addOption(
      new Option('--role <role>', 'what the person is to the camera').choices(['owner', 'viewer']).default('viewer'),
    )
    .addOption(
      new Option('--until <time>', 'when the share ends: ISO 8601, or from now such as 7d').argParser(momentMs),
    )
    .action((subject: string, device: string, options: OwnOptions & { role: Role; until?: number }) =>
      withBook(options, async (book, acts) => {
        const grant = {
          subject: subjectId(subject),
          device: deviceId(device),
          role: options.role,
          notAfterMs: options.until,
        };
        if (options.until !== undefined && options.until <= Date.now()) {
          throw new LatchkeyError('params-invalid', '--until lies in the past');
        }
        const limited = options.until === undefined ? '' : `, until ${new Date(options.until).toISOString()}`;
        const act = { action: 'own.grant', ...named(grant), detail: `as ${grant.role}${limited}`, shuts: false };
        await acts(act, async () => book.grant(grant));
        const until = options.until === undefined ? '' : ` until ${new Date(options.until).toISOString()}`;
        return {
          printed: { granted: printable(grant) },
          words: `${subject} may see ${device} as ${options.role}${until}`,
        };
      }),
    );
}

function revokeCommand(): Command {
  return shared(new Command('revoke').description('Take a grant back. A view that rests on it ends within a second.'))
    .argument('<subject>', 'the person')
    .argument('<device>', 'the camera')
    .action((subject: string, device: string, options: OwnOptions) =>
      withBook(options, async (book, acts) => {
        const pair = { subject: subjectId(subject), device: deviceId(device) };
        const revoked = await acts({ action: 'own.revoke', ...named(pair), shuts: true }, async () =>
          book.revoke(pair),
        );
        const words = revoked ? `${subject} may no longer see ${device}` : `${subject} had no grant for ${device}`;
        return { printed: { revoked }, words };
      }),
    );
}

function listCommand(): Command {
  return shared(new Command('list').description('Show the grants.'))
    .option('--subject <subject>', 'of this person alone')
    .option('--device <device>', 'for this camera alone')
    .action((options: OwnOptions & { subject?: string; device?: string }) =>
      withBook(options, async (book) => {
        const listed = await book.list({
          ...(options.subject !== undefined && { subject: subjectId(options.subject) }),
          ...(options.device !== undefined && { device: deviceId(options.device) }),
        });
        const grants = listed.map(printable);
        return { printed: { grants }, words: grants.length === 0 ? 'no grants' : grantsTable(grants) };
      }),
    );
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('Print the schema of PostgreSQL, for psql.')
    .action(() => void process.stdout.write(postgresSchema));
}

function shared(command: Command): Command {
  return command.addOption(configOption()).addOption(jsonOption());
}

/** Changes who may see what, on the record of the relay here. */
type Acts = <Result>(act: CommandAct, change: () => Promise<Result>) => Promise<Result>;

function named({ subject, device }: OwnershipQuestion): Pick<CommandAct, 'subject' | 'device'> {
  return { subject, device };
}

function withBook(
  options: OwnOptions,
  work: (book: GrantBook, acts: Acts) => Promise<{ printed: object; words: string }>,
): Promise<void> {
  return concluded(async () => {
    const settings = loadSettings(options.config, process.env);
    const book = openGrantBook(settings, process.env);
    try {
      const { printed, words } = await work(book, (act, change) => onRecord(settings, act, change));
      process.stdout.write(options.json ? `${JSON.stringify(printed)}\n` : `${words}\n`);
    } finally {
      await book.close();
    }
  }, options.json);
}

interface Printable {
  subject: string;
  device: string;
  role: string;
  until: string | null;
}

function printable(grant: {
  subject: string;
  device: string;
  role?: Role | undefined;
  notAfterMs?: number | undefined;
}): Printable {
  const { subject, device, role, notAfterMs } = grant;
  return {
    subject,
    device,
    role: role ?? 'none',
    until: notAfterMs === undefined ? null : new Date(notAfterMs).toISOString(),
  };
}

function grantsTable(grants: readonly Printable[]): string {
  return table([
    ['SUBJECT', 'DEVICE', 'ROLE', 'UNTIL'],
    ...grants.map((g) => [g.subject, g.device, g.role, g.until ?? '-']),
  ]);
}
