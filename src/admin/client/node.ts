import type { HistoryAnswer, StatusAnswer } from '../status.ts';

/** The node does not know this credential. */
export class NotSignedIn extends Error {}

/** Asks the node that served the page. The credential travels in a header, never in an address. */
export class AdminNode {
  readonly #credential: string;

  constructor(credential: string) {
    this.#credential = credential;
  }

  status(): Promise<StatusAnswer> {
    return this.#get('/v1/status');
  }

  history(): Promise<HistoryAnswer> {
    return this.#get('/v1/status/history');
  }

  /** Rejects with `NotSignedIn`, or with an error whose message can be shown. */
  async #get<T>(path: string): Promise<T> {
    const response = await fetch(path, {
      headers: { authorization: `Bearer ${this.#credential}` },
      cache: 'no-store',
      signal: AbortSignal.timeout(answerMsMax),
    });
    if (response.ok) return (await response.json()) as T;
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    const words = problem.detail ?? `The node answered ${response.status}.`;
    throw response.status === 401 ? new NotSignedIn(words) : new Error(words);
  }
}

const answerMsMax = 5_000;

/** What one pastes may be the whole line of a file, `name:token`, or have the quotes of JSON around it. */
export function credentialIn(pasted: string): string {
  const bare = pasted.trim().replace(/^"(.*)"$/, '$1');
  return bare.slice(bare.lastIndexOf(':') + 1).trim();
}
