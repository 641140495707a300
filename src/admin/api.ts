import { STATUS_CODES } from 'node:http';
import { asLatchkeyError, LatchkeyError } from '../base/index.ts';
import { type ActParts, acts, type Prepared } from './acts.ts';
import type { Credentials } from './credentials.ts';
import type { Failures } from './failures.ts';
import { type Operation, type OperationId, operations } from './operations.ts';
import type { AdminObserver } from './powers.ts';
import type { AdminRecord } from './record.ts';

/** A request, as whatever server took it hands it in. */
export interface ApiRequest {
  readonly method: string;
  /** The path, still percent-encoded, without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly remoteAddress: string;
  header(name: string): string | undefined;
  /** Rejects with an error of the table: too large, late, or broken off. */
  body(): Promise<Buffer>;
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ApiParts extends ActParts {
  readonly credentials: Credentials;
  readonly failures: Failures;
  readonly record: AdminRecord;
  readonly observer: AdminObserver;
}

interface Route {
  readonly id: OperationId;
  readonly operation: Operation;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Who asks, and for what, as far as it is known: what the record says of a refusal. */
interface Known {
  by: string;
  action: string;
  target?: string;
  /** It is on record as begun, and whether it counts before it is kept. */
  begun?: { readonly atOnce: boolean };
}

/** A request, and to which operation it has come. */
interface Asked {
  readonly request: ApiRequest;
  operation: OperationId | 'unknown';
}

/** Everything under `/v1`: who asks, what for, whether it may be, the record, the answer. */
export class Api {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Never rejects: whatever goes wrong is a problem document. */
  async answer(request: ApiRequest): Promise<ApiReply> {
    let known: Known | undefined;
    const asked: Asked = { request, operation: 'unknown' };
    try {
      known = { by: this.#nameOf(request), action: 'unknown' };
      const route = routeOf(request);
      asked.operation = route.id;
      known.action = actionOf(route.id);
      const raw = {
        parameters: route.parameters,
        query: queryOf(request),
        body: await bodyOf(request, route.operation),
      };
      const prepared = acts[route.id](raw, this.#parts);
      if (prepared.target !== undefined) known.target = prepared.target;
      const answer = await this.#done(route, prepared, known);
      this.#parts.observer.asked?.(route.id, 'done');
      return reply(route.operation.status, answer);
    } catch (thrown) {
      return await this.#refusal(asLatchkeyError(thrown), known, asked);
    }
  }

  #nameOf(request: ApiRequest): string {
    const { credentials, failures } = this.#parts;
    const { remoteAddress } = request;
    const restSeconds = failures.restSeconds(remoteAddress);
    if (restSeconds > 0) throw new LatchkeyError('rate-exceeded', undefined, { retryAfterSeconds: restSeconds });
    const name = credentials.nameOf(request.header('authorization'));
    if (typeof name === 'string') return name;
    if (name === undefined) {
      const spentSeconds = failures.spentSeconds(remoteAddress);
      failures.count(remoteAddress);
      if (spentSeconds > 0) throw new LatchkeyError('rate-exceeded', undefined, { retryAfterSeconds: spentSeconds });
    }
    throw new LatchkeyError('admin-credential');
  }

  /** Has it recorded that it begins, does it, has that recorded too, and only then lets it be answered. What changes nothing is on record once. */
  async #done(route: Route, prepared: Prepared, known: Known): Promise<object> {
    const { record, observer } = this.#parts;
    const { recorded, method } = route.operation;
    if (!recorded) return await prepared.run();
    if (record.writable !== true && !(prepared.shuts && record.writable === false)) throw this.#noRecord();
    const detail = [prepared.dry ? 'dry run' : undefined, prepared.detail].filter((part) => part !== undefined);
    const act = { ...known, ...(detail.length > 0 && { detail: detail.join(': ') }) };
    const changes = !prepared.dry && method !== 'GET';
    if (changes) {
      await this.#begun(act, prepared.shuts);
      known.begun = { atOnce: prepared.atOnce ?? false };
    }
    const answer = await prepared.run();
    try {
      await record.done(act);
    } catch (error) {
      observer.unrecorded?.(error);
      throw new Unrecorded(changes);
    }
    return answer;
  }

  /** Throws where what opens cannot be put on record. */
  async #begun(act: Parameters<AdminRecord['begun']>[0], shuts: boolean): Promise<void> {
    const { record, observer } = this.#parts;
    try {
      await record.begun(act, shuts);
    } catch (error) {
      observer.unrecorded?.(error);
      throw new LatchkeyError('audit-unavailable');
    }
  }

  #noRecord(): LatchkeyError {
    return new LatchkeyError(this.#parts.record.writable === undefined ? 'not-offered' : 'audit-unavailable');
  }

  async #refusal(error: LatchkeyError, known: Known | undefined, asked: Asked): Promise<ApiReply> {
    const { record, observer } = this.#parts;
    const { operation, request } = asked;
    const refused = error instanceof Unrecorded ? 'unrecorded' : 'refused';
    observer.asked?.(operation, known === undefined ? 'stranger' : refused);
    observer.refused?.(error.code);
    if (error.code === 'internal') observer.internal?.(error.cause);
    if (known === undefined) await record.strangerRefused();
    else if (!(error instanceof Unrecorded)) {
      const { begun, ...about } = known;
      const outcome = outcomeOf(error, begun);
      const detail = [`${request.method} ${outcome}: ${error.code}`, error.detail].filter((part) => part !== undefined);
      await record.undone({ ...about, outcome, detail: detail.join(', ') });
    }
    return problemReply(error, known !== undefined);
  }
}

/** What became of an act that threw. */
function outcomeOf(error: LatchkeyError, begun: Known['begun']): 'refused' | 'failed' | 'unkept' {
  if (begun === undefined) return 'refused';
  return error.code === 'lever-unkept' && begun.atOnce ? 'unkept' : 'failed';
}

/** It was done, perhaps, and could not be recorded. */
class Unrecorded extends LatchkeyError {
  readonly done: boolean;

  constructor(done: boolean) {
    super('audit-unavailable');
    this.done = done;
  }
}

/** An error as a problem document (RFC 9457). Its detail is for people with a credential alone. */
export function problemReply(error: LatchkeyError, isKnown: boolean): ApiReply {
  const { http: status, text } = error.entry;
  const detail = isKnown && error.code !== 'internal' ? error.message : text;
  const done = error instanceof Unrecorded && error.done ? { done: true } : {};
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code: error.code,
    ...done,
  };
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="latchkey admin"' }),
      ...(error.retryAfterSeconds !== undefined && { 'Retry-After': String(Math.ceil(error.retryAfterSeconds)) }),
      ...(error instanceof WrongMethod && { Allow: error.allow }),
    },
    body: JSON.stringify(body),
  };
}

class WrongMethod extends LatchkeyError {
  readonly allow: string;

  constructor(allow: string) {
    super('method-not-allowed');
    this.allow = allow;
  }
}

function reply(status: number, answer: object): ApiReply {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(answer) };
}

const routes = Object.entries<Operation>(operations).map(([id, operation]) => ({
  id: id as OperationId,
  operation,
  segments: operation.path.split('/'),
}));

/** Throws `not-found`, or `method-not-allowed` with the methods that there are. */
function routeOf({ method, path }: ApiRequest): Route {
  const segments = path.split('/').map(decoded);
  const here = routes.filter((route) => fits(route.segments, segments));
  if (here.length === 0) throw new LatchkeyError('not-found');
  const found = here.find(({ operation }) => operation.method === method);
  if (found === undefined) throw new WrongMethod(here.map(({ operation }) => operation.method).join(', '));
  const parameters = found.segments.flatMap((part, at) =>
    isParameter(part) ? [[part.slice(1, -1), segments[at] ?? '']] : [],
  );
  return { id: found.id, operation: found.operation, parameters: Object.fromEntries(parameters) };
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.length === segments.length && pattern.every((part, at) => isParameter(part) || part === segments[at]);
}

function isParameter(part: string): boolean {
  return part.startsWith('{');
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new LatchkeyError('request-malformed', 'the path is not percent-encoded UTF-8');
  }
}

function queryOf({ query }: ApiRequest): Record<string, string> {
  const names = [...query.keys()];
  if (new Set(names).size < names.length) throw new LatchkeyError('params-invalid', 'query: a parameter comes twice');
  return Object.fromEntries(query);
}

/** The JSON of the body; undefined where none came. Throws for a body that nobody asked for, and for one that is no JSON. */
async function bodyOf(request: ApiRequest, { body }: Operation): Promise<unknown> {
  const isThere =
    request.header('transfer-encoding') !== undefined || Number(request.header('content-length') ?? 0) > 0;
  if (!isThere) return undefined;
  if (body === undefined) throw new LatchkeyError('params-invalid', 'body: there must be none');
  if (!/^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(request.header('content-type') ?? '')) {
    throw new LatchkeyError('json-required');
  }
  const bytes = await request.body();
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new LatchkeyError('message-not-json');
  }
}

/** `throwSwitch` is `admin.throw-switch` in the record. */
function actionOf(id: OperationId): string {
  return `admin.${id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
