import { Command } from 'commander';
import { deviceId, subjectId } from '../../base/index.ts';
import type { Revocation } from '../../levers/index.ts';
import { demandConfirmed } from '../confirmed.ts';
import { yesOption } from '../options.ts';
import { concluded } from '../outcome.ts';
import { asked } from './client.ts';
import { atEachNode, endingWords } from './each-node.ts';
import { type AdminOptions, withAdminOptions } from './options.ts';

type RevokeOptions = AdminOptions & { readonly dryRun: boolean };

/** `latchkey revoke subject|device|token|all` */
export function revokeCommand(): Command {
  return new Command('revoke')
    .description('Take back what was issued, at once: live views that rest on it end within a second.')
    .addCommand(
      one('subject', 'Sign a person (or a camera) out everywhere: tokens and tickets issued before now are void.', {
        name: '<subject>',
        meaning: 'the `sub` of their token, behind its issuer’s namespace',
        read: (text) => ({ of: 'subject', subject: subjectId(text) }),
      }),
    )
    .addCommand(
      one('device', 'Put a camera into quarantine: nobody sees it and it cannot register, until `latchkey release`.', {
        name: '<device>',
        meaning: 'the camera',
        read: (text) => ({ of: 'device', device: deviceId(text) }),
      }),
    )
    .addCommand(
      one('token', 'Void one token.', {
        name: '<jti>',
        meaning: 'the `jti` of the token',
        read: (text) => ({ of: 'token', tokenId: text }),
      }),
    )
    .addCommand(allCommand());
}

interface Which {
  readonly name: string;
  readonly meaning: string;
  read(text: string): Revocation;
}

function one(of: Revocation['of'], description: string, which: Which): Command {
  return shared(new Command(of).description(description))
    .argument(which.name, which.meaning)
    .action((text: string, options: RevokeOptions) =>
      concluded(async () => revoke(which.read(text), `${of} ${text}`, options), options.json),
    );
}

function allCommand(): Command {
  return shared(new Command('all').description('Sign everybody out: everything issued before now is void.'))
    .addOption(yesOption('yes, every person and every camera'))
    .action((options: RevokeOptions & { yes: boolean }) =>
      concluded(async () => {
        await demandConfirmed('this signs out every person and every camera', options.yes || options.dryRun);
        await revoke({ of: 'all' }, 'everything', options);
      }, options.json),
    );
}

function shared(command: Command): Command {
  return withAdminOptions(command.option('--dry-run', 'say what would end, and change nothing', false));
}

function revoke(revocation: Revocation, what: string, options: RevokeOptions): Promise<void> {
  return atEachNode(options, async (node) => {
    const query = { dryRun: String(options.dryRun) };
    const printed = await asked(node, 'revoke', { query, body: revocation });
    const words = printed.dryRun
      ? `revoking ${what} would end ${endingWords(printed)}; nothing was changed`
      : `revoked ${what}: ended ${endingWords(printed)}`;
    return { printed, words };
  });
}
