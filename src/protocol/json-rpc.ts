import { z } from 'zod';
import { type ErrorCode, errorTable, LatchkeyError } from '../base/index.ts';

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

/** What a request’s id may be. */
export const rpcId = z.union([z.string().max(128), z.number()]);
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
/** They are read by the schema of their method, and so handed on as they came. */
const params = z.custom<RpcParams>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const envelope = z.object({
  jsonrpc: z.literal('2.0'),
  id: rpcId.nullish(),
  method: z.string().min(1).max(64).optional(),
  params: params.optional(),
  result: z.unknown().optional(),
  error: errorObject.optional(),
});

/** Reads one message. Throws `message-not-json` or `message-invalid`. Batches are not taken: ONVIF has none. */
export function parseRpc(text: string): RpcMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LatchkeyError('message-not-json');
  }
  const parsed = envelope.safeParse(value);
  if (!parsed.success) throw new LatchkeyError('message-invalid');
  const message = parsed.data;
  const answers = Object.hasOwn(value as object, 'result');
  if (message.error !== undefined) {
    if (answers || (message.method !== undefined && message.method !== 'error'))
      throw new LatchkeyError('message-invalid');
    return { kind: 'error', id: message.id ?? undefined, error: message.error };
  }
  if (message.method !== undefined) {
    if (answers) throw new LatchkeyError('message-invalid');
    const params = message.params ?? {};
    return message.id == null
      ? { kind: 'notification', method: message.method, params }
      : { kind: 'request', id: message.id, method: message.method, params };
  }
  if (answers && message.id != null) return { kind: 'result', id: message.id, result: message.result };
  throw new LatchkeyError('message-invalid');
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
  return JSON.stringify({ jsonrpc: '2.0', id, result });
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
