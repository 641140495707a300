import { decodeJwt, type JSONWebKeySet } from 'jose';
import {
  asLatchkeyError,
  type ErrorCode,
  errorTable,
  LatchkeyError,
  limits,
  Redacted,
  type Timer,
} from '../base/index.ts';
import {
  type Backoff,
  type Certificate,
  createBackoff,
  newCertificate,
  openRpcWith,
  type RelayTarget,
  type RpcConnection,
  rehearse,
} from '../peer/index.ts';
import { type RegisterResult, read, registerResult } from '../protocol/index.ts';
import { Audience } from './audience.ts';
import type { OwnName } from './own-name.ts';
import type { Camera, CameraObserver, CameraPowers, CameraSettings } from './settings.ts';
import type { MediaSource } from './sources/media.ts';
import { Standing } from './standing.ts';
import type { Subjects } from './subjects.ts';

export interface AgentParts {
  readonly settings: CameraSettings;
  readonly name: OwnName;
  readonly target: RelayTarget;
  readonly source: MediaSource;
  readonly subjects: Subjects;
  readonly viewersMax: number;
  readonly powers: CameraPowers;
  readonly observer: CameraObserver;
}

/** The camera's life: connect, register, wait; and again. */
export class Agent implements Camera {
  readonly #parts: AgentParts;
  readonly #certificate: Promise<Certificate>;
  readonly #closing = new AbortController();
  readonly #outage: Backoff;
  readonly #refusal: Backoff;
  #life: Promise<void> = Promise.resolve();
  #audience: Audience | undefined;
  #connection: RpcConnection | undefined;
  #renewal: Timer | undefined;
  #grantKeys: JSONWebKeySet | undefined;
  #fingerprint: string | undefined;
  /** What the relay gave to come back with, and its end. It is kept in memory alone. */
  #ticket: { readonly text: Redacted<string>; readonly expiresMs: number } | undefined;
  /** Since the relay was lost: those who watch go on, for as long as a relay waits for the camera. */
  #outageOver: Timer | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    const { random } = parts.powers;
    this.#outage = createBackoff(limits.reconnectMsFirst, limits.reconnectMsMax, random);
    this.#refusal = createBackoff(limits.reconnectRefusedMsFirst, limits.reconnectRefusedMsMax, random);
    this.#grantKeys = parts.settings.grantKeys;
    // Made ahead: a viewer shall not wait for it.
    this.#certificate = newCertificate();
  }

  get device(): string | undefined {
    return this.#parts.name.id;
  }

  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  get viewers(): number {
    return this.#audience?.size ?? 0;
  }

  start(): void {
    this.#life = this.#live();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#renewal?.cancel();
    this.#outageOver?.cancel();
    await this.#audience?.close();
    this.#connection?.close();
    await this.#life;
  }

  async #live(): Promise<void> {
    const { powers, settings, source, subjects, viewersMax, observer } = this.#parts;
    const certificate = await this.#certificate;
    const rehearsal = { certificate, direction: 'sendonly', video: source.video, audio: source.sound } as const;
    await rehearse(rehearsal, powers.random);
    this.#fingerprint = certificate.getFingerprints()[0]?.value;
    this.#audience = new Audience({
      certificate,
      source,
      subjects,
      viewersMax,
      grantKeys: () => this.#grantKeys,
      device: () => this.device,
      powers,
      observer,
    });
    const learnsKeys = settings.grantKeys === undefined;
    while (!this.#closing.signal.aborted) {
      const cause = await this.#connectOnce(this.#audience, learnsKeys);
      this.#renewal?.cancel();
      this.#connection = undefined;
      if (this.#closing.signal.aborted) return;
      if (cause.code === 'device-mismatch') this.#audience.endAll('relay-lost');
      else this.#goOn(this.#audience);
      const refused = errorTable[cause.code].rpc === errorTable['token-expired'].rpc;
      if (refused) this.#ticket = undefined;
      if (refused) observer.tokenRefused?.(cause.code);
      const mismatch = cause.code === 'device-mismatch';
      if (mismatch) observer.registrationRefused?.('device-mismatch');
      const slow = refused || mismatch || slowCodes.has(cause.code);
      const retryMs = (slow ? this.#refusal : this.#outage).next(cause.retryAfterSeconds);
      observer.disconnected?.(cause.code, retryMs, cause.detail);
      await this.#pause(retryMs);
    }
  }

  /** Lives through one connection and gives why it ended. Never throws. */
  async #connectOnce(audience: Audience, learnsKeys: boolean): Promise<LatchkeyError> {
    const { target, powers, settings, name, observer } = this.#parts;
    const { signal } = this.#closing;
    const standing = new Standing(audience);
    let connection: RpcConnection | undefined;
    try {
      const token = await untilAborted(settings.token(), signal);
      const params = { ...this.#registration(), sessions: audience.sessions };
      const opening = { token, ticket: this.#ticketNow(), method: 'register', params };
      const opened = await openRpcWith(target, opening, standing, powers.clock, signal);
      connection = opened.connection;
      audience.attach(connection);
      const result = read(registerResult, await opened.answer);
      if (signal.aborted) throw new LatchkeyError('relay-unreachable', 'closed');
      name.confirm(result.id, token);
      if (learnsKeys) this.#grantKeys = result.grantKeys as JSONWebKeySet | undefined;
      this.#connection = connection;
      this.#outageOver?.cancel();
      this.#outageOver = undefined;
      // Before anything new is heard on this connection, so that what is new is not among the old.
      audience.agree(result.sessions ?? []);
      standing.confirm();
      this.#keepTicket(result);
      this.#renewLater(connection, standing, token);
      observer.registered?.(result.id);
      const registeredMs = powers.clock.now();
      const cause = await Promise.race([connection.ended, standing.ended]);
      connection.close();
      // A connection that lasted was a success; one that is lost at once again was not, and the wait
      // grows; where the relay has said that it moves, it also has said when to come back.
      const lasted = powers.clock.now() - registeredMs >= limits.reconnectMsMax;
      if (lasted || cause.code === 'relay-moving') this.#resetBackoff();
      return cause;
    } catch (thrown) {
      const cause = asLatchkeyError(thrown);
      standing.end(cause);
      connection?.close();
      return cause;
    }
  }

  /** Without a relay, who watches goes on watching for as long as the relay waits for its camera; only the first loss counts. */
  #goOn(audience: Audience): void {
    audience.detach();
    this.#outageOver ??= this.#parts.powers.clock.after(limits.cameraAwayMsMax, () => audience.endAll('relay-lost'));
  }

  #ticketNow(): Redacted<string> | undefined {
    if (this.#ticket !== undefined && this.#ticket.expiresMs <= this.#parts.powers.clock.now())
      this.#ticket = undefined;
    return this.#ticket?.text;
  }

  #keepTicket({ ticket, ticketExpiresInSeconds = 0 }: RegisterResult): void {
    const expiresMs = this.#parts.powers.clock.now() + ticketExpiresInSeconds * 1000;
    // Without another one, the one that it came by is still good.
    if (ticket !== undefined) this.#ticket = { text: new Redacted(ticket), expiresMs };
  }

  #resetBackoff(): void {
    this.#outage.reset();
    this.#refusal.reset();
  }

  #registration(): object {
    const { name } = this.#parts.settings;
    return { capabilities: ['answer'], ...(name === undefined ? {} : { name }) };
  }

  /**
   * Registers again with a fresh token, in time before the last one or the ticket expires: one that came by a ticket is known to the
   * relay by the token before. Where that fails, once more soon.
   */
  #renewLater(connection: RpcConnection, standing: Standing, token: string): void {
    const { clock } = this.#parts.powers;
    const expiresMs = Math.min(
      expiryOf(token) ?? Number.POSITIVE_INFINITY,
      this.#ticket?.expiresMs ?? Number.POSITIVE_INFINITY,
    );
    if (expiresMs === Number.POSITIVE_INFINITY) return;
    const restMs = expiresMs - clock.now();
    const delayMs = Math.min(Math.max(restMs * renewalFraction, limits.tokenRenewalMsMin), timerMsMax);
    this.#renewIn(delayMs, connection, standing, token);
  }

  #renewIn(delayMs: number, connection: RpcConnection, standing: Standing, token: string): void {
    this.#renewal?.cancel();
    this.#renewal = this.#parts.powers.clock.after(delayMs, () => void this.#renew(connection, standing, token));
  }

  async #renew(connection: RpcConnection, standing: Standing, token: string): Promise<void> {
    const { settings, name, observer } = this.#parts;
    try {
      const fresh = await untilAborted(settings.token(), this.#closing.signal);
      const answer = await connection.call('register', { ...this.#registration(), authorization: fresh });
      if (this.#connection !== connection) return;
      const result = read(registerResult, answer);
      name.confirm(result.id, fresh);
      this.#keepTicket(result);
      this.#renewLater(connection, standing, fresh);
    } catch (thrown) {
      if (this.#connection !== connection) return;
      const error = asLatchkeyError(thrown);
      if (error.code === 'device-mismatch') {
        standing.end(error);
        return;
      }
      // A relay that has no time for it just now has refused nothing: the old token lasts until then, or the relay says so.
      const busy = busyCodes.has(error.code);
      if (busy) this.#renewIn(this.#outage.next(error.retryAfterSeconds), connection, standing, token);
      observer.tokenRefused?.(error.code);
      if (busy) return;
      // Between sessions a new connection does the same; while somebody watches, the old one lasts as long as it can.
      if (this.viewers === 0) connection.close();
      else this.#renewLater(connection, standing, token);
    }
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.powers.clock.after(ms, resolve);
    const { signal } = this.#closing;
    signal.addEventListener('abort', () => {
      timer.cancel();
      resolve();
    });
    return promise;
  }
}

/** What time alone does not mend. */
const slowCodes: ReadonlySet<ErrorCode> = new Set(['registration-replaced', 'device-quarantined']);
const renewalFraction = 0.8;
const busyCodes: ReadonlySet<ErrorCode> = new Set(['overloaded', 'rate-exceeded', 'keys-unavailable']);
const timerMsMax = 2 ** 31 - 1;

/** When a JWT expires, in milliseconds; undefined of a token that does not say so. It is the relay that verifies it. */
function expiryOf(token: string): number | undefined {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? undefined : exp * 1000;
  } catch {
    return undefined;
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(new LatchkeyError('relay-unreachable', 'closed'));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
