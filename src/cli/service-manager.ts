import { type Clock, LatchkeyError, limits, type Timer } from '../base/index.ts';

/** Sends one datagram to the service manager. What `matters` waits for its place there; the rest is left out where there is none just now. */
export type SendNotice = (text: string, matters?: boolean) => void;

/** What tells a service manager how a service is (`sd_notify(3)`). Without one, nothing is told. */
export interface ServiceManager {
  ready(status: string): void;
  /** Settings are read again; `ready` follows. */
  reloading(): void;
  stopping(status: string): void;
  /** One line for a person, such as `systemctl status` shows. */
  status(text: string): void;
  /** While it stops: it needs so long from now on, in milliseconds. */
  extend(ms: number): void;
  close(): void;
}

export interface ServiceManagerPowers {
  readonly clock: Clock;
  /** Microseconds of the system's monotonic clock. */
  readonly monotonicUs: () => bigint;
  readonly processId: number;
}

const nobody: ServiceManager = {
  ready() {},
  reloading() {},
  stopping() {},
  status() {},
  extend() {},
  close() {},
};

/**
 * The service manager that the environment names in `NOTIFY_SOCKET`, if it names one. Where it also asks for it by `WATCHDOG_USEC`, it hears twice in
 * that time that the event loop turns. Throws `settings-invalid` for a socket that cannot be spoken to.
 */
export async function serviceManagerOf(
  environment: NodeJS.ProcessEnv,
  powers: ServiceManagerPowers,
  open: (address: string) => Promise<SendNotice> = openNoticeSocket,
): Promise<ServiceManager> {
  const address = environment.NOTIFY_SOCKET ?? '';
  if (address === '') return nobody;
  const send = await open(address);
  const watchdog = watch(watchdogMs(environment, powers.processId), powers.clock, () => send('WATCHDOG=1'));
  return {
    ready: (status) => send(`READY=1\nSTATUS=${lineOf(status)}`, true),
    reloading: () =>
      send(`RELOADING=1\nMONOTONIC_USEC=${powers.monotonicUs()}\nSTATUS=Reading its settings again`, true),
    stopping: (status) => send(`STOPPING=1\nSTATUS=${lineOf(status)}`, true),
    status: (text) => send(`STATUS=${lineOf(text)}`),
    extend: (ms) => send(`EXTEND_TIMEOUT_USEC=${Math.ceil(ms) * 1000}`),
    close: () => watchdog?.cancel(),
  };
}

/** How often it wants to hear of this very process, in milliseconds; undefined where it does not. */
function watchdogMs(environment: NodeJS.ProcessEnv, processId: number): number | undefined {
  const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: of } = environment;
  if (of !== undefined && of !== String(processId)) return undefined;
  const ms = Number(microseconds ?? Number.NaN) / 1000;
  if (!Number.isFinite(ms) || ms <= 0) return undefined;
  return Math.min(limits.timerMsMax, Math.max(limits.watchdogMsMin, ms) / 2);
}

function watch(everyMs: number | undefined, clock: Clock, bark: () => void): Timer | undefined {
  if (everyMs === undefined) return undefined;
  let timer: Timer;
  const next = () => {
    bark();
    timer = clock.after(everyMs, next);
  };
  next();
  return { cancel: () => timer.cancel() };
}

function lineOf(text: string): string {
  return text.replaceAll('\n', ' ');
}

/** As Linux numbers them (`socket(2)`). */
const [unixFamily, datagram, closeOnExec, noSignal, dontWait] = [1, 2, 0o2_000_000, 0x4000, 0x40];
/** What `sockaddr_un` has room for (`unix(7)`). */
const pathBytesMax = 107;

/**
 * Opens a Unix datagram socket to an address: a path, or a name of Linux's own after `@`. Node has no such sockets: the system is called
 * by itself. Throws `settings-invalid` where that cannot be done. A notice that does not arrive is lost, and nobody's fault.
 */
export async function openNoticeSocket(address: string): Promise<SendNotice> {
  const named = Buffer.from(address);
  if (!/^[/@]/.test(address) || named.length > pathBytesMax) throw unusable('is neither a path nor a name after @');
  const calls = await loadCalls();
  const descriptor = calls.socket(unixFamily, datagram | closeOnExec, 0);
  if (descriptor < 0) throw unusable('cannot be spoken to: the system gives no socket');
  const isAbstract = named[0] === '@'.charCodeAt(0);
  if (isAbstract) named[0] = 0;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(unixFamily);
  // A path ends in a zero, and a name has its length.
  const to = Buffer.concat([family, named, ...(isAbstract ? [] : [Buffer.alloc(1)])]);
  return (text, matters = false) => {
    const bytes = Buffer.from(text).subarray(0, limits.notifyBytesMax);
    calls.sendto(descriptor, bytes, bytes.length, matters ? noSignal : noSignal | dontWait, to, to.length);
  };
}

async function loadCalls() {
  try {
    const { default: koffi } = await import('koffi');
    const libc = koffi.load(null);
    return {
      socket: libc.func('int socket(int, int, int)'),
      sendto: libc.func('intptr_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)'),
    };
  } catch (cause) {
    throw unusable('cannot be spoken to on this system', cause);
  }
}

function unusable(what: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('settings-invalid', `NOTIFY_SOCKET ${what}`, { cause });
}
