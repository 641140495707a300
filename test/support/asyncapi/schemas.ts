import { z } from 'zod';
import { endReasons, errorTable } from '../../../src/base/index.ts';
import { errorObject, rpcId } from '../../../src/protocol/index.ts';

export type Json = { readonly [member: string]: unknown };

/** Whether what is described is taken, with members that nobody knows, or sent, exactly so. */
export type Direction = 'taken' | 'sent';

/** The JSON Schema (draft 7, as AsyncAPI has it) of a zod schema. */
export function jsonSchema(schema: z.ZodType, direction: Direction): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: direction === 'taken' ? 'input' : 'output',
  });
  return rest;
}

/** A JSON-RPC message (version 2.0) that has these members beside its version. */
export function message(members: Json, direction: Direction): Json {
  return {
    type: 'object',
    required: ['jsonrpc', ...Object.keys(members)],
    properties: { jsonrpc: { const: '2.0' }, ...members },
    ...(direction === 'sent' && { additionalProperties: false }),
  };
}

export const id = jsonSchema(rpcId, 'taken');

/** What an end may say went wrong: read with care, and passed on to nobody. */
export const foreignError: Json = jsonSchema(errorObject, 'taken');

/** Each error of the closed table as the relay sends it. */
export function relayErrors(): Json {
  return {
    description:
      'An error of Latchkey’s closed table: its number, its text and its code in `data.reason` belong together.',
    oneOf: Object.entries(errorTable).map(([reason, entry]) => ({
      ...errorOf(entry.rpc, entry.text, {
        reason: { const: reason },
        retryAfterSeconds: { type: 'number', minimum: 0 },
      }),
      ...('close' in entry && { 'x-close-code': entry.close }),
    })),
  };
}

/** Why a live view ended, or all of a connection’s. The number is ONVIF’s for it, or that of the error which ended it. */
export function endings(): Json {
  return {
    description: 'Why a live view has ended; without `session`, all of this connection’s.',
    oneOf: Object.entries(endReasons).map(([reason, text]) => errorOf(undefined, text, { reason: { const: reason } })),
  };
}

function errorOf(code: number | undefined, text: string, data: Json): Json {
  return {
    type: 'object',
    required: ['code', 'message', 'data'],
    additionalProperties: false,
    properties: {
      code: code === undefined ? { type: 'integer' } : { const: code },
      message: { const: text },
      session: { type: 'string', minLength: 1, maxLength: 64 },
      data: { type: 'object', required: ['reason'], additionalProperties: false, properties: data },
    },
  };
}
