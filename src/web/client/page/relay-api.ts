import type { DeviceListing } from '../../../protocol/index.ts';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly household: string;
  readonly note: string;
}

export interface OtherCamera {
  readonly id: string;
  readonly name: string;
  readonly household: string;
}

/** Who and what there is in demo mode. */
export interface Demo {
  readonly people: readonly Person[];
  readonly cameras: readonly OtherCamera[];
}

export type Device = DeviceListing['devices'][number];

/** A refusal of the relay over HTTP, in its own words. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.name = 'ApiRefusal';
    this.status = status;
  }
}

/** Undefined when the relay is not in demo mode. */
export async function readDemo(): Promise<Demo | undefined> {
  const response = await fetch('/demo');
  return response.ok ? ((await response.json()) as Demo) : undefined;
}

export async function signInAs(person: string): Promise<{ token: string; expiresInSeconds: number }> {
  const response = await fetch('/demo/sign-in', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ person }),
  });
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as { token: string; expiresInSeconds: number };
}

/** The cameras that this token's person may see. */
export async function listDevices(token: string): Promise<readonly Device[]> {
  const response = await fetch('/devices', { headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw await refusal(response);
  return ((await response.json()) as DeviceListing).devices;
}

/** Reads a problem document (RFC 9457), as far as there is one. */
async function refusal(response: Response): Promise<ApiRefusal> {
  const problem: unknown = await response.json().catch(() => undefined);
  const { detail, title } = (problem ?? {}) as { detail?: unknown; title?: unknown };
  const words = [detail, title].find((text) => typeof text === 'string');
  return new ApiRefusal(response.status, words ?? `The relay answered ${response.status}.`);
}
