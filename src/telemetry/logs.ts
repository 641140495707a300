import { type DestinationStream, pino } from 'pino';
import { LatchkeyError, Redacted } from '../base/index.ts';

/** What a log line may carry beside its words. A secret or an address comes as `Redacted` and stays so. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined | Redacted<unknown>>>;

export interface Log {
  debug(words: string, fields?: LogFields): void;
  info(words: string, fields?: LogFields): void;
  warn(words: string, fields?: LogFields): void;
  /** A fault of the relay itself. Of `thrown`, its stack is logged; of our own errors, the code and the stack. */
  error(words: string, thrown?: unknown, fields?: LogFields): void;
  /** The least that is logged from here on; a log that has no levels does not know it. */
  useLevel?(level: LogLevel): void;
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';

/** One JSON object a line, to standard error or to `destination`. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const lines = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
  const printable = (fields: LogFields = {}) =>
    Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, value instanceof Redacted ? value.toJSON() : value]),
    );
  return {
    debug: (words, fields) => lines.debug(printable(fields), words),
    info: (words, fields) => lines.info(printable(fields), words),
    warn: (words, fields) => lines.warn(printable(fields), words),
    error: (words, thrown, fields) => lines.error({ ...printable(fields), ...described(thrown) }, words),
    useLevel(next) {
      lines.level = next;
    },
  };
}

/** An error's kind and the places in the code it passed. Its message is left out: it may quote a peer. */
function described(thrown: unknown): Record<string, string | undefined> {
  if (!(thrown instanceof Error)) return {};
  const cause = thrown.cause instanceof Error ? thrown.cause : thrown;
  const places = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    error: thrown instanceof LatchkeyError ? thrown.code : cause.name,
    ...('code' in cause && typeof cause.code === 'string' ? { cause: cause.code } : {}),
    stack: places.join('\n'),
  };
}
