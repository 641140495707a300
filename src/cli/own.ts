import { Command, Option } from 'commander';
import { deviceId, LatchkeyError, subjectId } from '../base/index.ts';
import { loadSettings } from '../config/index.ts';
import { openEmbeddedOwnership } from '../embedded.ts';
import type { Role, SqliteSource } from '../ownership/index.ts';
import { momentMs } from './durations.ts';
import { configOption, jsonOption } from './options.ts';
import { concluded } from './outcome.ts';

interface OwnOptions {
  config?: string;
  json: boolean;
}

/** `latchkey own grant|revoke|list` */
export function ownCommand(): Command {
  return new Command('own')
    .description('Say who may see which camera, in the embedded database.')
    .addCommand(grantCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand());
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
      withSource(options, (source) => {
        const grant = {
          subject: subjectId(subject),
          device: deviceId(device),
          role: options.role,
          notAfterMs: options.until,
        };
        if (options.until !== undefined && options.until <= Date.now()) {
          throw new LatchkeyError('params-invalid', '--until lies in the past');
        }
        source.grant(grant);
        const until = options.until === undefined ? '' : ` until ${new Date(options.until).toISOString()}`;
        return {
          printed: { granted: printable(grant) },
          words: `${subject} may see ${device} as ${options.role}${until}`,
        };
      }),
    );
}

function revokeCommand(): Command {
  return shared(
    new Command('revoke').description(
      'Take a grant back. A view that is open goes on until its token or its session ends.',
    ),
  )
    .argument('<subject>', 'the person')
    .argument('<device>', 'the camera')
    .action((subject: string, device: string, options: OwnOptions) =>
      withSource(options, (source) => {
        const revoked = source.revoke({ subject: subjectId(subject), device: deviceId(device) });
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
      withSource(options, (source) => {
        const grants = source
          .list({
            ...(options.subject !== undefined && { subject: subjectId(options.subject) }),
            ...(options.device !== undefined && { device: deviceId(options.device) }),
          })
          .map(printable);
        return { printed: { grants }, words: grants.length === 0 ? 'no grants' : table(grants) };
      }),
    );
}

function shared(command: Command): Command {
  return command.addOption(configOption()).addOption(jsonOption());
}

function withSource(
  options: OwnOptions,
  work: (source: SqliteSource) => { printed: object; words: string },
): Promise<void> {
  return concluded(async () => {
    const source = openEmbeddedOwnership(loadSettings(options.config, process.env));
    try {
      const { printed, words } = work(source);
      process.stdout.write(options.json ? `${JSON.stringify(printed)}\n` : `${words}\n`);
    } finally {
      await source.close();
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

function table(grants: readonly Printable[]): string {
  const rows = [
    ['SUBJECT', 'DEVICE', 'ROLE', 'UNTIL'],
    ...grants.map((g) => [g.subject, g.device, g.role, g.until ?? '-']),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
