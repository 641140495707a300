import { errorTable, limits } from '../../../src/base/index.ts';
import {
  firstMessageHeader,
  firstMessageTaken,
  subprotocol,
  ticketHeader,
  webSocketPath,
} from '../../../src/protocol/index.ts';
import { fileAt } from '../source-files.ts';
import { type End, type Method, methods } from './methods.ts';
import { endings, foreignError, id, type Json, jsonSchema, message, relayErrors } from './schemas.ts';

const ends: readonly End[] = ['camera', 'viewer'];

/** The WebSocket protocol as the code has it, in AsyncAPI 3.0. It speaks as the relay: what it receives, and what it sends. */
export function asyncApi(): Json {
  const { version, license } = JSON.parse(fileAt('package.json').text) as { version: string; license: string };
  return {
    asyncapi: '3.0.0',
    info: { title: 'Latchkey’s WebSocket', version, license: { name: license }, description: description() },
    defaultContentType: 'application/json',
    servers: {
      relay: {
        host: '{host}',
        protocol: 'wss',
        description: 'A relay; `ws` where it serves plain HTTP, on loopback or behind a proxy that ends TLS.',
        variables: { host: { default: 'localhost:8080' } },
        security: ['token', 'tokenInQuery', 'ticket'].map((scheme) => ref(`components/securitySchemes/${scheme}`)),
      },
    },
    channels: Object.fromEntries(ends.map((end) => [end, channel(end)])),
    operations: Object.fromEntries([
      ...methods.map((method) => [keyOf(method), operation(method)]),
      ...ends.flatMap((end) => notifications(end)),
    ]),
    components: {
      securitySchemes,
      schemas: { RelayError: relayErrors(), EndOfSession: endings(), ForeignError: foreignError },
      messages: Object.fromEntries([...methods.flatMap(messagesOf), ...ends.flatMap(errorMessages)]),
    },
  };
}

/** What an operation, its request and its result are called: `camera-register`, `relay-to-viewer-invite`. */
export function keyOf({ caller, end, name }: Method): string {
  return caller === 'relay' ? `relay-to-${end}-${name}` : `${end}-${name}`;
}

function description(): string {
  return [
    'The ONVIF WebRTC Specification 26.06 (JSON-RPC 2.0 by name), with additions that are marked and optional.',
    `The WebSocket asks for the subprotocol \`${subprotocol}\`. A token (JWT) comes in \`Authorization: Bearer …\` of the upgrade, in`,
    '`?access_token=` (RFC 6750 section 2.3), or as `authorization` of `register`, `connect` and `extend`; where there are several, they name the',
    'same subject. Its audience says whether this is a camera or a viewer; a device’s id is its token’s subject.',
    `A camera may show a reconnect ticket in \`${ticketHeader}\` beside its token.`,
    `Whoever proves by the upgrade who they are may send their first message along in \`${firstMessageHeader}\`; the relay has taken it where the`,
    `handshake says \`${firstMessageHeader}: ${firstMessageTaken}\`, and otherwise it is still to be sent.`,
    'Every request is answered once; without an `id` it is done and not answered. Members that are not described are ignored.',
    `A message has ${limits.messageBytesMax} bytes at most, and there are ${limits.messagesPerSecondMax} a second, ${limits.messagesBurstMax} at once.`,
  ].join(' ');
}

const securitySchemes: Json = {
  token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The token of a camera or a viewer.' },
  tokenInQuery: {
    type: 'httpApiKey',
    in: 'query',
    name: 'access_token',
    description: 'The same, for who can set no header.',
  },
  ticket: {
    type: 'httpApiKey',
    in: 'header',
    name: ticketHeader,
    description: 'Addition: a camera’s reconnect ticket.',
  },
};

function channel(end: End): Json {
  const own = methods.filter((method) => method.end === end);
  const keys = [...own.flatMap(messagesOf), ...errorMessages(end)].map(([key]) => key);
  return {
    address: webSocketPath,
    title: `The WebSocket of a ${end}`,
    servers: [ref('servers/relay')],
    messages: Object.fromEntries(keys.map((key) => [key, ref(`components/messages/${key}`)])),
    bindings: {
      ws: {
        method: 'GET',
        query: { type: 'object', properties: { access_token: { type: 'string', maxLength: limits.tokenBytesMax } } },
        headers: {
          type: 'object',
          required: ['sec-websocket-protocol'],
          properties: {
            'sec-websocket-protocol': { const: subprotocol },
            authorization: { type: 'string', pattern: '^[Bb]earer ' },
            [firstMessageHeader]: {
              type: 'string',
              maxLength: limits.firstMessageCharactersMax,
              pattern: '^[ -~]*$',
            },
            ...(end === 'camera' && { [ticketHeader]: { type: 'string', maxLength: limits.ticketCharactersMax } }),
          },
        },
        bindingVersion: '0.1.0',
      },
    },
    'x-subprotocol': subprotocol,
    'x-close-codes': closeCodes(),
  };
}

/** Close codes (RFC 6455 section 7.4) with the reasons that come with them. */
function closeCodes(): Json {
  const byCode = new Map<number, string[]>([[1001, ['relay-stopping']]]);
  for (const [reason, entry] of Object.entries(errorTable)) {
    if ('close' in entry) byCode.set(entry.close, [...(byCode.get(entry.close) ?? []), reason]);
  }
  return Object.fromEntries([...byCode].sort(([a], [b]) => a - b));
}

function operation(method: Method): Json {
  const key = keyOf(method);
  const failed = method.caller === 'relay' ? `${method.end}-error-reply` : `relay-to-${method.end}-error-reply`;
  const messages = (keys: string[]) => keys.map((each) => ref(`channels/${method.end}/messages/${each}`));
  return {
    action: method.caller === 'relay' ? 'send' : 'receive',
    channel: ref(`channels/${method.end}`),
    summary: method.summary,
    messages: messages([key]),
    reply: { channel: ref(`channels/${method.end}`), messages: messages([`${key}-result`, failed]) },
    ...(method.addition && { 'x-addition': true }),
  };
}

function messagesOf(method: Method): [string, Json][] {
  const key = keyOf(method);
  const [asked, answered] = method.caller === 'relay' ? (['sent', 'taken'] as const) : (['taken', 'sent'] as const);
  const params = jsonSchema(method.params, asked);
  const request = message({ id, method: { const: method.name }, params }, asked);
  const mayLackParams = !('required' in params);
  return [
    [
      key,
      {
        name: method.name,
        payload: mayLackParams ? { ...request, required: ['jsonrpc', 'id', 'method'] } : request,
        correlationId: { location: '$message.payload#/id' },
      },
    ],
    [
      `${key}-result`,
      {
        name: `the result of ${method.name}`,
        payload: message({ id, result: jsonSchema(method.result, answered) }, answered),
        correlationId: { location: '$message.payload#/id' },
      },
    ],
  ];
}

/** ONVIF’s `error`, which has no `id`, and the answers to requests that failed. */
function errorMessages(end: End): [string, Json][] {
  const relayError = ref('components/schemas/RelayError');
  const foreign = ref('components/schemas/ForeignError');
  const told = { oneOf: [relayError, ref('components/schemas/EndOfSession')] };
  const foreignNotification = message({ error: foreign }, 'taken');
  const whose = { anyOf: [id, { type: 'null', description: 'The message could not be read.' }] };
  return [
    [`relay-to-${end}-error`, { name: 'error', payload: message({ error: told }, 'sent') }],
    [`relay-to-${end}-error-reply`, { name: 'an error', payload: message({ id: whose, error: relayError }, 'sent') }],
    [`${end}-error`, { name: 'error', payload: { ...foreignNotification, not: { required: ['id'] } } }],
    [`${end}-error-reply`, { name: 'an error', payload: message({ id, error: foreign }, 'taken') }],
  ];
}

function notifications(end: End): [string, Json][] {
  const one = (action: 'send' | 'receive', key: string, summary: string): [string, Json] => [
    key,
    { action, channel: ref(`channels/${end}`), summary, messages: [ref(`channels/${end}/messages/${key}`)] },
  ];
  return [
    one('send', `relay-to-${end}-error`, 'Says why a live view ended, or why the connection is about to.'),
    one('receive', `${end}-error`, 'Ends the live view that it names; the other side is told.'),
  ];
}

function ref(path: string): Json {
  return { $ref: `#/${path}` };
}
