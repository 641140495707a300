import { type Clock, limits, type RandomSource, type Redacted, type Timer } from '../base/index.ts';
import { type Aim, sourceOf } from './aim.ts';
import { answerFault, type Crossings } from './crossings.ts';
import { endingText, Tally } from './ending.ts';
import { describedBy, type Mark, markIn } from './marks.ts';
import { failureText, type Message, readMessage, textOf } from './messages.ts';
import type { Owners } from './owners.ts';
import { StormSocket } from './socket.ts';

export interface ViewerToken {
  readonly subject: string;
  readonly token: Redacted<string>;
  /** The cameras that this person may see. */
  readonly devices: readonly string[];
}

export interface ViewersWorld {
  readonly aim: Aim;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly key: Uint8Array;
  readonly crossings: Crossings;
  readonly owners: Owners;
  /** How many live views may be asked for at once. */
  readonly asksMax: number;
  isBack(device: string): boolean;
}

/** What viewers met within a stretch of time, by when they asked. */
export interface Watch {
  asked: number;
  readonly answerMs: number[];
  readonly refusals: Tally;
}

/** What came of questions for cameras that are not the viewer's own. */
export interface Strangers {
  asked: number;
  readonly refusals: Tally;
}

/** How often a camera is drawn again that is not back, before the first that is one is taken. */
const drawsMax = 8;

/**
 * People who open a live view, each time on a new connection with their token, as an app does that was just opened. They ask on a
 * schedule of its own, whether or not the relay keeps up: whoever waits for an answer before the next question measures a relay
 * that stands still as one that is asked nothing. Now and then they ask for a camera that is not theirs as well: a relay that lets everybody in would
 * otherwise look like a good one.
 */
export class Viewers {
  readonly #world: ViewersWorld;
  readonly #people: readonly ViewerToken[];
  readonly #everyMs: number;
  /** Until their connections are closed. */
  readonly #asks = new Set<Ask>();
  readonly strangers: Strangers = { asked: 0, refusals: new Tally() };
  #watch: Watch = { asked: 0, answerMs: [], refusals: new Tally() };
  #timer: Timer | undefined;
  #dueMs = 0;
  #turn = 0;
  #quiet: PromiseWithResolvers<void> | undefined;

  constructor(world: ViewersWorld, people: readonly ViewerToken[], asksPerSecond: number) {
    this.#world = world;
    this.#people = people.filter(({ devices }) => devices.length > 0);
    this.#everyMs = 1000 / asksPerSecond;
  }

  get watch(): Watch {
    return this.#watch;
  }

  /** Begins to ask. */
  start(): void {
    if (this.#people.length === 0) return;
    this.#dueMs = this.#world.clock.now();
    this.#tick();
  }

  /** Who asks from here on is counted anew; who has asked before stays where they were counted. */
  newWatch(): Watch {
    this.#watch = { asked: 0, answerMs: [], refusals: new Tally() };
    return this.#watch;
  }

  /** Asks no more, and resolves when the last has its answer or has given up, and all are gone. */
  async finish(): Promise<void> {
    this.#timer?.cancel();
    if (this.#asks.size === 0) return;
    this.#quiet = Promise.withResolvers();
    await this.#quiet.promise;
  }

  /** Ends whatever is on its way. */
  stop(): void {
    this.#timer?.cancel();
    for (const ask of [...this.#asks]) ask.end('given up');
  }

  #tick(): void {
    const nowMs = this.#world.clock.now();
    while (this.#dueMs <= nowMs) {
      this.#ask(this.#dueMs);
      this.#dueMs += this.#everyMs;
    }
    this.#timer = this.#world.clock.after(Math.max(1, this.#dueMs - nowMs), () => this.#tick());
  }

  #ask(dueMs: number): void {
    const turn = this.#turn++;
    const person = this.#people[turn % this.#people.length];
    if (person === undefined) return;
    const watch = this.#watch;
    watch.asked += 1;
    if (this.#asks.size >= this.#world.asksMax) {
      watch.refusals.add('not asked: too many wait');
      return;
    }
    this.#begin(turn, person, this.#draw(person.devices), (outcome) => {
      if (outcome !== 'answered') watch.refusals.add(outcome);
      else if (watch.answerMs.length < limits.stormSamplesMax) watch.answerMs.push(this.#world.clock.now() - dueMs);
    });
    const hasRoom = this.#asks.size < this.#world.asksMax;
    if (hasRoom && turn % limits.stormAsksPerStrangerMax === 0) this.#askAsStranger(turn, person);
  }

  #askAsStranger(turn: number, person: ViewerToken): void {
    const device = this.#world.owners.notOf(person.subject, this.#world.random);
    if (device === undefined) return;
    this.strangers.asked += 1;
    this.#begin(turn, person, device, (outcome) => this.strangers.refusals.add(outcome));
  }

  #begin(turn: number, person: ViewerToken, device: string, done: (outcome: string) => void): void {
    const question = this.#world.random.bytes(12).toString('base64url');
    const mark: Mark = { kind: 'offer', subject: person.subject, device, question };
    const gone = () => {
      this.#asks.delete(ask);
      if (this.#asks.size === 0) this.#quiet?.resolve();
    };
    const ask: Ask = new Ask(this.#world, turn, mark, person.token, { done, gone });
    this.#asks.add(ask);
  }

  /** A camera that is back, where there is one: how fast a relay says that one is not is another question. */
  #draw(devices: readonly string[]): string {
    let device = '';
    for (let draw = 0; draw < drawsMax; draw++) {
      device = devices[Math.floor(this.#world.random.fraction() * devices.length)] ?? '';
      if (this.#world.isBack(device)) return device;
    }
    return devices.find((each) => this.#world.isBack(each)) ?? device;
  }
}

interface AskHandlers {
  /** Called exactly once. */
  done(outcome: string): void;
  /** Its connection is closed. */
  gone(): void;
}

/** One question on one connection: connect, ask for a live view, look whose answer it is, leave. */
class Ask {
  readonly #world: ViewersWorld;
  readonly #mark: Mark;
  readonly #handlers: AskHandlers;
  readonly #socket: StormSocket;
  readonly #giveUp: Timer;
  #over = false;

  constructor(world: ViewersWorld, index: number, mark: Mark, token: Redacted<string>, handlers: AskHandlers) {
    this.#world = world;
    this.#mark = mark;
    this.#handlers = handlers;
    // Behind the addresses of the cameras, and in turn.
    const source = sourceOf(world.aim, limits.stormCamerasMax + (index % limits.stormViewersMax));
    const headers = `Authorization: Bearer ${token.reveal()}\r\n`;
    this.#giveUp = world.clock.after(limits.stormAskMsMax, () => this.end('no answer in time'));
    this.#socket = new StormSocket(world.aim, source, headers, world, {
      open: () => this.#socket.send(connectRequest(mark, world.key)),
      message: (text) => this.#take(text),
      ended: (ending) => this.#finish(endingText(ending)),
      gone: () => handlers.gone(),
    });
  }

  end(why: string): void {
    this.#finish(why);
    this.#socket.drop();
  }

  /** Whatever comes until the connection is closed is looked at, also behind the first answer. */
  #take(text: string): void {
    const message = readMessage(text);
    if (message === undefined) return;
    if (message.method === 'invite')
      this.#world.crossings.add(this.#mark.subject, 'an offer, where no camera makes one');
    else if (message.error !== undefined && message.id === 1) this.#leave(failureText(message.error));
    else if (message.result !== undefined) this.#leave(this.#read(message));
  }

  #leave(outcome: string): void {
    if (this.#over) return;
    this.#finish(outcome);
    this.#socket.close();
  }

  #read({ id, result }: Message): string {
    const { subject, device } = this.#mark;
    if (!this.#world.owners.maySee(subject, device)) {
      this.#world.crossings.add(subject, `a live view of ${device}, which is not theirs to see`);
      return 'let in';
    }
    const answer = textOf(result?.answer);
    if (id === 1 && answer === undefined) return 'a live view without an answer';
    const fault =
      id === 1 ? answerFault(markIn(answer ?? '', this.#world.key), this.#mark) : 'an answer to no question';
    if (fault === undefined) return 'answered';
    this.#world.crossings.add(subject, fault);
    return 'crossed';
  }

  #finish(outcome: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#giveUp.cancel();
    this.#handlers.done(outcome);
  }
}

function connectRequest(mark: Mark, key: Uint8Array): string {
  const params = { peer: mark.device, offer: describedBy(mark, key) };
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'connect', params });
}
