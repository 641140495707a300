import type { Timer } from '../../base/index.ts';
import { bounds } from './bounds.ts';
import type { Powers } from './powers.ts';
import { RelayChannel, socketAddress } from './relay-channel.ts';

interface Held {
  readonly channel: RelayChannel;
  /** The person whose tokens have travelled on it; undefined until the first. */
  person: string | undefined;
}

/**
 * The open WebSockets of a document: one for each relay and person, however many views there are.
 * A relay binds a connection to the first person it sees there, so two people never share one.
 */
export class RelayChannels {
  readonly #powers: Powers;
  readonly #held = new Map<string, Held[]>();
  #sweep: Timer | undefined;

  constructor(powers: Powers) {
    this.#powers = powers;
  }

  /** Opens a WebSocket ahead of need, if none is open that nobody uses yet. */
  warm(relay: string): void {
    const list = this.#of(relay);
    if (list.length === 0) this.#open(relay, list);
  }

  /** The channel for this person's token; a warm one where there is one. */
  take(relay: string, token: string): RelayChannel {
    const person = personOf(token);
    const list = this.#of(relay);
    const held =
      list.find((entry) => entry.person === person) ??
      list.find((entry) => entry.person === undefined) ??
      this.#open(relay, list);
    held.person = person;
    return held.channel;
  }

  #of(relay: string): Held[] {
    const address = socketAddress(relay);
    const list = (this.#held.get(address) ?? []).filter(({ channel }) => !channel.closed && !channel.moving);
    this.#held.set(address, list);
    return list;
  }

  #open(relay: string, list: Held[]): Held {
    const held = { channel: new RelayChannel(relay, this.#powers), person: undefined };
    list.push(held);
    this.#sweep ??= this.#powers.after(bounds.idleSocketMsMax, () => this.#closeIdle());
    return held;
  }

  #closeIdle(): void {
    this.#sweep = undefined;
    let left = 0;
    for (const list of this.#held.values()) {
      for (const { channel } of list) {
        const since = channel.idleSince;
        if (since !== undefined && this.#powers.now() - since >= bounds.idleSocketMsMax / 2) channel.close();
        if (!channel.closed) left += 1;
      }
    }
    if (left > 0) this.#sweep = this.#powers.after(bounds.idleSocketMsMax / 2, () => this.#closeIdle());
  }
}

/**
 * Whose token this says it is. It is read without being verified: it chooses a connection and decides nothing else;
 * a token that cannot be read has a connection to itself.
 */
export function personOf(token: string): string {
  try {
    const payload = token.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '';
    const claims: unknown = JSON.parse(atob(payload));
    const { iss, sub } = claims as Record<string, unknown>;
    return typeof sub === 'string' ? JSON.stringify([iss, sub]) : token;
  } catch {
    return token;
  }
}
