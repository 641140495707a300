import type { Refusal } from './states.ts';

/** A relay's error answer to a call, as an exception. */
export class RelayRefusal extends Error implements Refusal {
  readonly rpcCode: number;
  readonly reason: string | undefined;
  readonly text: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(refusal: Refusal) {
    super(refusal.text);
    this.name = 'RelayRefusal';
    this.rpcCode = refusal.rpcCode;
    this.reason = refusal.reason;
    this.text = refusal.text;
    this.retryAfterSeconds = refusal.retryAfterSeconds;
  }
}

/** The relay cannot be reached, or the connection to it ended. */
export class ConnectionLost extends Error {
  constructor(text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'ConnectionLost';
  }
}
