import { z } from 'zod';
import { type ErrorCode, errorTable, isRecord, LatchkeyError } from '../base/index.ts';

/** A request's id as JSON-RPC 2.0 section 4 has it. Ours are numbers; a peer's may be strings. */
export type RpcId = string | number;

/** Parameters by name, of which nothing has been read yet. */
export type RpcParams = Readonly<Record<string, unknown>>;

export type RpcMessage =
  | { kind: 'request'; id: RpcId; method: string; params: RpcParams }
  | { kind: 'notification'; method: string; params: RpcParams }
  | { kind: 'result'; id: RpcId; result: unknown }
  | { kind: 'error'; id: RpcId | undefined; error: RpcError };

/** An error object (JSON-RPC 2.0 section 5.1). ONVIF puts the session into it where an error concerns one. */
export interface RpcError {
  code: number;
  message: string;
  session?: string | undefined;
  /** Latchkey's own code or end reason, and how long to wait before trying again. */
  data?: { reason?: string | undefined; retryAfterSeconds?: number | undefined } | undefined;
}

const idCharactersMax = 128;
const methodCharactersMax = 64;

/** What a request’s id may be. */
export const rpcId = z.union([z.string().max(idCharactersMax), z.number()]);
const errorData = z.object({
  reason: z.string().max(64).optional(),
  retryAfterSeconds: z.number().nonnegative().optional(),
});
/** An error as it may come from a peer. */
export const errorObject = z.object({
  code: z.number().int(),
  message: z.string().max(1024),
  session: z.string().max(64).optional(),
  data: errorData.optional().catch(undefined),
});
/**
 * Reads one message. Throws `message-not-json` or `message-invalid`. Batches are not taken: ONVIF has none. All messages of all
 * connections come through here, and a schema for what is around their parameters takes as long as `JSON.parse` does: so that is read by hand.
 */
export function parseRpc(text: string): RpcMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LatchkeyError('message-not-json');
  }
  if (!isRecord(value) || value.jsonrpc !== '2.0') throw new LatchkeyError('message-invalid');
  const { method, params = {} } = value;
  const id = value.id ?? undefined;
  const answers = Object.hasOwn(value, 'result');
  const isSound = (id === undefined || isId(id)) && (method === undefined || isMethod(method)) && isRecord(params);
  if (!isSound) throw new LatchkeyError('message-invalid');
  if (value.error !== undefined) {
    const error = errorObject.safeParse(value.error);
    if (!error.success || answers || (method !== undefined && method !== 'error'))
      throw new LatchkeyError('message-invalid');
    return { kind: 'error', id, error: error.data };
  }
  if (method !== undefined) {
    if (answers) throw new LatchkeyError('message-invalid');
    return id === undefined ? { kind: 'notification', method, params } : { kind: 'request', id, method, params };
  }
  if (answers && id !== undefined) return { kind: 'result', id, result: value.result };
  throw new LatchkeyError('message-invalid');
}

function isId(value: unknown): value is RpcId {
  return typeof value === 'string' ? isWithin(value, idCharactersMax) : Number.isFinite(value);
}

function isMethod(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isWithin(value, methodCharactersMax);
}

/** Characters are code points, of which each is one or two units of a string. */
function isWithin(text: string, charactersMax: number): boolean {
  return text.length <= charactersMax || (text.length <= 2 * charactersMax && [...text].length <= charactersMax);
}

/** A result that is written as JSON already. */
export class WrittenResult {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

export function requestText(id: RpcId, method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

/** A message as it can stand in a header (RFC 9110 section 5.5): nothing else than visible ASCII and spaces. */
export function headerText(message: string): string {
  return message.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function notificationText(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

export function resultText(id: RpcId, result: object): string {
  const json = result instanceof WrittenResult ? result.json : JSON.stringify(result);
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${json}}`;
}

/** The answer to a request that failed, or, without an id, ONVIF's `error` notification. */
export function errorText(id: RpcId | undefined | null, error: RpcError): string {
  return JSON.stringify(id === undefined ? { jsonrpc: '2.0', error } : { jsonrpc: '2.0', id, error });
}

/** The error object that a peer may read: the table's own line, never the detail. */
export function errorObjectFor(error: LatchkeyError, session?: string): RpcError {
  return {
    code: error.entry.rpc,
    message: error.entry.text,
    ...(session === undefined ? {} : { session }),
    data: {
      reason: error.code,
      ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    },
  };
}

/** Recognises one of our codes in an error object that came from a relay. */
export function codeOf(error: RpcError): ErrorCode | undefined {
  const reason = error.data?.reason;
  return reason !== undefined && Object.hasOwn(errorTable, reason) ? (reason as ErrorCode) : undefined;
}
