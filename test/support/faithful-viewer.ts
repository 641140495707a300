import { EventEmitter, once } from 'node:events';
import { type Redacted, systemClock, systemRandom } from '../../src/base/index.ts';
import type { Aim } from '../../src/storm/index.ts';
import { describedBy, type Mark, markIn, secretsOf } from '../../src/storm/marks.ts';
import { readMessage, textOf } from '../../src/storm/messages.ts';
import { StormSocket } from '../../src/storm/socket.ts';
import { MediaEnd, relayIn } from './media-end.ts';

export interface FaithfulWorld {
  readonly aim: Aim;
  readonly key: Uint8Array;
  /** Something came to somebody that is not his. */
  crossed(what: string): void;
}

const patienceMs = 500;

/**
 * Somebody who watches one camera and wants to go on: cheap, without DTLS, and with all that the relay sees of a viewer. It comes back as long
 * after each end as it was asked to, and a moment by chance.
 */
export class FaithfulViewer {
  readonly device: string;
  readonly subject: string;
  /** What it was refused with, in order. */
  readonly refusals: string[] = [];
  /** Refusals that named a time, and were followed by another one when it had passed. */
  unmended = 0;
  /** The relay’s port through which the last picture came, and how many came in all. */
  port = 0;
  pictures = 0;
  readonly #world: FaithfulWorld;
  readonly #token: Redacted<string>;
  readonly #seen = new EventEmitter();
  #socket: StormSocket | undefined;
  #media: MediaEnd | undefined;
  #again: NodeJS.Timeout | undefined;
  #mark: Mark | undefined;
  #askedFor: number | undefined;
  #toldATime = false;

  constructor(world: FaithfulWorld, subject: string, device: string, token: Redacted<string>) {
    this.#world = world;
    this.subject = subject;
    this.device = device;
    this.#token = token;
  }

  /** Resolves with the first picture that comes by a port other than these. */
  async sees(but: ReadonlySet<number> = new Set()): Promise<void> {
    while (this.port === 0 || but.has(this.port)) await once(this.#seen, 'picture');
  }

  watch(): void {
    this.#askedFor = undefined;
    const socket = new StormSocket(
      this.#world.aim,
      undefined,
      `Authorization: Bearer ${this.#token.reveal()}\r\n`,
      { clock: systemClock, random: systemRandom },
      {
        open: () => this.#ask(socket),
        message: (text) => this.#take(socket, text),
        ended: (ending) => {
          if (this.#socket !== socket) return;
          if (ending.kind === 'http') this.#refused(`HTTP ${ending.status}`, ending.retryAfterSeconds);
          this.#comeBack();
        },
      },
    );
    this.#socket = socket;
  }

  close(): void {
    clearTimeout(this.#again);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#media?.close();
    socket?.drop();
  }

  #ask(socket: StormSocket): void {
    const question = systemRandom.bytes(12).toString('base64url');
    this.#mark = { kind: 'offer', subject: this.subject, device: this.device, question };
    const params = { peer: this.device, offer: describedBy(this.#mark, this.#world.key) };
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'connect', params }));
  }

  #take(socket: StormSocket, text: string): void {
    const message = readMessage(text);
    if (message?.error !== undefined) {
      const { reason = String(message.error.code), retryAfterSeconds } = message.error;
      this.#askedFor = retryAfterSeconds ?? this.#askedFor;
      if (message.id !== 1) return;
      this.#refused(reason, retryAfterSeconds);
      this.#socket = undefined;
      socket.close();
      this.#comeBack();
    } else if (message?.id === 1 && this.#mark !== undefined) this.#answered(textOf(message.result?.answer) ?? '');
  }

  #answered(answer: string): void {
    const { key, crossed } = this.#world;
    const asked = this.#mark;
    const mark = markIn(answer, key);
    if (
      asked === undefined ||
      mark?.kind !== 'answer' ||
      mark.question !== asked.question ||
      mark.device !== this.device
    ) {
      crossed(`${this.subject} got another answer`);
      return;
    }
    this.#toldATime = false;
    const relay = relayIn(answer);
    this.#media?.close();
    this.#media = new MediaEnd({
      own: secretsOf(asked, key),
      peer: secretsOf(mark, key),
      relay,
      nominates: true,
      received: (picture) => {
        if (picture !== this.device) crossed(`${this.subject} saw ${picture}`);
        this.port = relay.port;
        this.pictures += 1;
        this.#seen.emit('picture');
      },
    });
  }

  #refused(what: string, retryAfterSeconds: number | undefined): void {
    this.refusals.push(what);
    if (this.#toldATime) this.unmended += 1;
    this.#toldATime = retryAfterSeconds !== undefined;
    this.#askedFor = retryAfterSeconds ?? this.#askedFor;
  }

  #comeBack(): void {
    this.#again = setTimeout(() => this.watch(), (this.#askedFor ?? 0) * 1_000 + systemRandom.fraction() * patienceMs);
  }
}
