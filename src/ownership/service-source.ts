import { createSecretKey, type KeyObject } from 'node:crypto';
import {
  type Clock,
  type DeviceId,
  LatchkeyError,
  limits,
  type RandomSource,
  type Redacted,
  type SubjectId,
  within,
} from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';
import { Breaker } from './breaker.ts';
import { openExchange, type ServiceAddress } from './service-exchange.ts';
import { readDeviceAnswer, readDevicesAnswer, type Unbelieved, writeQuestion } from './service-protocol.ts';
import type { OwnershipSource } from './source.ts';
import { codeOfError, SourceFailure, type SourceObserver } from './source-observer.ts';
import { Turnstile } from './turnstile.ts';

export interface ServiceSettings extends ServiceAddress {
  /**
   * The shared keys, one on each line, of `limits.serviceKeyBytesMin` bytes or more; at most `limits.serviceKeysMax`. The first seals the
   * questions, each of them an answer.
   */
  readonly keys: Redacted<string>;
}

export interface ServicePowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly observer?: SourceObserver;
}

/**
 * The maker's own service, asked over HTTP. An answer is believed where it carries the MAC of a shared key and names this very
 * question by a number that was never used before. Throws `settings-invalid` for an address or a key that is none.
 */
export function openServiceSource(settings: ServiceSettings, powers: ServicePowers): OwnershipSource {
  return new ServiceSource(settings, readKeys(settings.keys.reveal()), powers);
}

class ServiceSource implements OwnershipSource {
  readonly name = 'http';
  readonly sharedAs: string;
  readonly #keys: readonly [KeyObject, ...KeyObject[]];
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #observer: SourceObserver;
  readonly #breaker: Breaker;
  readonly #turnstile: Turnstile;
  readonly #connections: ReturnType<typeof openExchange>;
  #closed = false;

  constructor(settings: ServiceAddress, keys: readonly [KeyObject, ...KeyObject[]], powers: ServicePowers) {
    this.sharedAs = `http ${settings.url}`;
    this.#keys = keys;
    this.#clock = powers.clock;
    this.#random = powers.random;
    this.#observer = powers.observer ?? {};
    this.#breaker = new Breaker(powers.clock);
    this.#turnstile = new Turnstile(settings.connectionsMax, limits.serviceQuestionsWaitingMax);
    this.#connections = openExchange(settings);
  }

  async ask(
    { subject, device }: Parameters<OwnershipSource['ask']>[0],
    signal: AbortSignal,
    _viewer?: VerifiedViewer,
    traceparent?: string,
  ) {
    const { answer } = await this.#believed(subject, device, signal, readDeviceAnswer, traceparent);
    return answer;
  }

  async devicesOf(subject: SubjectId, signal: AbortSignal) {
    const said = await this.#believed(subject, undefined, signal, readDevicesAnswer);
    if (said.subject === subject) return said.answers;
    this.#observer.alarm?.('source-crossed');
    throw this.#told(new SourceFailure('malformed', 'crossed'));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connections.close();
  }

  async #believed<Answer extends { readonly nonce: string }>(
    subject: SubjectId,
    device: DeviceId | undefined,
    signal: AbortSignal,
    read: (text: string, keys: readonly KeyObject[]) => Answer | Unbelieved,
    traceparent?: string,
  ): Promise<Answer> {
    if (this.#closed) throw new Error('the source is closed');
    signal.throwIfAborted();
    const nonce = this.#random.bytes(16).toString('base64url');
    const work = async () => {
      const text = await this.#exchange({ subject, device, nonce, askedMs: this.#clock.now() }, signal, traceparent);
      const said = read(text, this.#keys);
      if (said === 'malformed') throw new SourceFailure('malformed');
      if (said !== 'mac' && said.nonce === nonce) return said;
      this.#observer.alarm?.(said === 'mac' ? 'source-mac' : 'source-crossed');
      throw new SourceFailure('malformed', said === 'mac' ? 'mac' : 'crossed');
    };
    try {
      return await this.#turnstile.run(signal, () => this.#breaker.run(work, () => !signal.aborted && !this.#closed));
    } catch (thrown) {
      throw this.#told(thrown);
    }
  }

  #exchange(
    question: Parameters<typeof writeQuestion>[0],
    signal: AbortSignal,
    traceparent: string | undefined,
  ): Promise<string> {
    const { body, mac } = writeQuestion(question, this.#keys[0]);
    const headers = { 'content-type': 'application/json', accept: 'application/json', 'latchkey-mac': mac };
    const traced = traceparent === undefined ? headers : { ...headers, traceparent };
    return within(this.#clock, limits.serviceAnswerMsMax, (late) =>
      this.#connections.exchange(body, traced, AbortSignal.any([late, signal])),
    );
  }

  #told(thrown: unknown): unknown {
    const fault = thrown instanceof SourceFailure ? thrown.fault : 'late';
    if (!this.#closed) this.#observer.fault?.(fault, codeOfError(thrown));
    return thrown;
  }
}

function readKeys(text: string): readonly [KeyObject, ...KeyObject[]] {
  const lines = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Buffer.from(line.trim(), 'utf8')]));
  const [first, ...others] = lines.map((line) => createSecretKey(line));
  const isLong = lines.every((line) => line.length >= limits.serviceKeyBytesMin);
  if (first === undefined || lines.length > limits.serviceKeysMax || !isLong) {
    const what = `one to ${limits.serviceKeysMax} lines of ${limits.serviceKeyBytesMin} characters or more`;
    throw new LatchkeyError('settings-invalid', `ownership.http: a key file has ${what}`);
  }
  return [first, ...others];
}
