import { Child } from './child.ts';
import type { Contestant } from './contestants.ts';
import type { Load, Step } from './results.ts';
import type { Tools } from './tools.ts';

export interface Times {
  readonly warmMs: number;
  readonly measureMs: number;
}

/** A contestant, and a generator that has everything agreed with it. */
export class Lane implements AsyncDisposable {
  readonly name: string;
  readonly #relay: Child;
  readonly #generator: Child;

  private constructor(name: string, relay: Child, generator: Child) {
    this.name = name;
    this.#relay = relay;
    this.#generator = generator;
  }

  static async open(contestant: Contestant, tools: Tools, flows: number): Promise<Lane> {
    await using opened = new AsyncDisposableStack();
    const generator = opened.use(new Child('the generator', tools.generatorCore, tools.program('load'), [`${flows}`]));
    const ports = (await generator.answer()) as { cameraPort: number; viewerPort: number };
    const { child, setup } = await contestant.start(tools, { flows, ...ports });
    opened.use(child);
    generator.say(setup);
    await generator.answer();
    opened.move();
    return new Lane(contestant.name, child, generator);
  }

  async step({ rate, burst }: Load, { warmMs, measureMs }: Times): Promise<Step> {
    this.#generator.say(`step ${rate} ${burst} ${warmMs} ${measureMs}`);
    return (await this.#generator.answer()) as Step;
  }

  /** Lets the relay hear of its sessions, if it is time to. Not during a step, which would pay for it. */
  async touch(): Promise<void> {
    this.#generator.say('touch');
    await this.#generator.answer();
  }

  /** How much memory the relay holds after a collection; only Latchkey's answers. */
  async rssBytes(): Promise<number> {
    this.#relay.say('memory');
    return ((await this.#relay.answer()) as { rssBytes: number }).rssBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#generator[Symbol.asyncDispose](), this.#relay[Symbol.asyncDispose]()]);
  }
}
