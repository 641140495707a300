import { isRecord } from '../base/index.ts';

/** A JSON-RPC message of a relay, read with as little work as a load tool can afford. */
export interface Message {
  readonly id: unknown;
  readonly method: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>> | undefined;
  readonly error: RpcFailure | undefined;
}

export interface RpcFailure {
  readonly code: number;
  /** The relay's own code, such as `device-offline`. */
  readonly reason: string | undefined;
  readonly session: string | undefined;
  readonly retryAfterSeconds: number | undefined;
}

/** Undefined for what is no JSON object. */
export function readMessage(text: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  return {
    id: value.id,
    method: textOf(value.method),
    params: isRecord(value.params) ? value.params : {},
    result: isRecord(value.result) ? value.result : undefined,
    error: isRecord(value.error) ? failureOf(value.error) : undefined,
  };
}

/** What a report calls it. */
export function failureText({ code, reason }: RpcFailure): string {
  return reason === undefined ? `JSON-RPC ${code}` : `JSON-RPC ${code} ${reason}`;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The claims of a JWS, which is not verified: a storm looks for what was mixed up, not for what was forged. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const claims = token.split('.')[1];
  const message = claims === undefined ? undefined : Buffer.from(claims, 'base64url').toString('utf8');
  try {
    const value: unknown = JSON.parse(message ?? '');
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(error: Readonly<Record<string, unknown>>): RpcFailure {
  const data = isRecord(error.data) ? error.data : {};
  return {
    code: numberOf(error.code) ?? 0,
    reason: textOf(data.reason)?.slice(0, 64),
    session: textOf(error.session),
    retryAfterSeconds: numberOf(data.retryAfterSeconds),
  };
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
