import { asLatchkeyError, type ErrorCode, endReasons, errorTable, LatchkeyError } from '../base/index.ts';

/** What the command's exit codes mean. `--help` prints them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  offline: 4,
  unavailable: 5,
  interrupted: 130,
} as const;

export const exitCodesHelp = `
Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 refused (token or permission),
4 the camera is not connected, 5 not available right now (try again), 130 interrupted.`;

/** The exit code that tells a script what kind of error it was. */
export function exitCodeOf(thrown: unknown): number {
  if (!(thrown instanceof LatchkeyError)) return exitCodes.failed;
  if (isOneOf(thrown.code, ['settings-invalid', 'id-invalid', 'params-invalid'])) return exitCodes.usage;
  if (isOneOf(thrown.code, ['device-offline', 'peer-gone'])) return exitCodes.offline;
  const { http } = thrown.entry;
  if (http === 401 || http === 403) return exitCodes.refused;
  return http === 408 || http === 503 || http === 504 ? exitCodes.unavailable : exitCodes.failed;
}

/** A code or a reason of the tables, with its words for a person; anything else as it is. */
export function inWords(word: string): string {
  if (Object.hasOwn(endReasons, word)) return `${word}: ${endReasons[word as keyof typeof endReasons]}`;
  return Object.hasOwn(errorTable, word) ? `${word}: ${errorTable[word as ErrorCode].text}` : word;
}

/** Runs a subcommand's work: its error becomes one line on standard error (or one JSON object) and an exit code. */
export async function concluded(work: () => Promise<void>, json = false): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const error = asLatchkeyError(thrown);
    const said = error.code === 'internal' ? messageOf(error.cause) : wordsOf(error) + hint(error);
    if (json) process.stdout.write(`${JSON.stringify({ error: { code: error.code, message: said } })}\n`);
    else process.stderr.write(`latchkey: ${said}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** Keeps the process alive until `work` is over: what only waits for its next try holds nothing open by itself. */
export async function heldOpen<T>(work: () => Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 2 ** 31 - 1);
  try {
    return await work();
  } finally {
    clearInterval(hold);
  }
}

/** Resolves with the name of the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals) => {
      if (asked) process.exit(exitCodes.interrupted);
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

function isOneOf(code: ErrorCode, codes: readonly ErrorCode[]): boolean {
  return codes.includes(code);
}

/** Of a parameter or a credential, the table's line speaks to programs, and the detail to whoever typed it. */
function wordsOf({ code, detail, message }: LatchkeyError): string {
  return isOneOf(code, ['params-invalid', 'admin-credential']) && detail !== undefined ? detail : message;
}

/** What trying again will not mend. */
function hint(error: LatchkeyError): string {
  const certificate = ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'];
  const isUntrusted = certificate.some((code) => error.detail?.includes(code));
  return isUntrusted ? ' The relay’s certificate is not trusted here: name its CA with --ca.' : '';
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
