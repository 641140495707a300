import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { openApi } from '../../src/admin/index.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: object;
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content & { readonly required: boolean };
  readonly responses: Readonly<Record<string, Content>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: { readonly Problem: object } };
}

/** The description that the code makes now. */
export const description = openApi('0.1.0') as unknown as Description;

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
const compiled = new Map<object, ValidateFunction>();

/** What a value has against a schema; empty: nothing. */
function complaints(schema: object, value: unknown): string {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  return validate(value) ? '' : ajv.errorsText(validate.errors);
}

export interface Asked {
  readonly token?: string | null;
  readonly body?: unknown;
  /** Sent as it is, in the place of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; undefined where there is none. */
  readonly body: Record<string, unknown>;
  readonly code: string | undefined;
}

/** The operation that a request is for, if there is one. */
export function operationFor(method: string, target: string): DescribedOperation | undefined {
  const path = target.split('?')[0] ?? '';
  for (const [template, operations] of Object.entries(description.paths)) {
    const pattern = new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]*')}$`);
    if (pattern.test(path)) return operations[method.toLowerCase()];
  }
  return undefined;
}

/**
 * Asks the admin API and holds both the request and the answer against the description. Throws for an answer that the description
 * does not have, for a success that the description would not have let in, and for one of an operation that it does not know.
 */
export function describedFetch(url: string, ownToken: string) {
  return async (method: string, target: string, asked: Asked = {}): Promise<Told> => {
    const { token = ownToken, body, raw, headers } = asked;
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${url}${target}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(content !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(content !== undefined && { body: content }),
    });
    const text = await response.text();
    const json = text === '' ? undefined : JSON.parse(text);
    const where = `${method} ${target}: ${response.status}`;
    const operation = operationFor(method, target);
    const found = faultsOf({ operation, response, json, target, content, hasBody: text !== '' });
    if (found.length > 0) throw new Error(`${where}: ${found.join('; ')}`);
    return { status: response.status, headers: response.headers, body: json, code: json?.code };
  };
}

interface Exchange {
  readonly operation: DescribedOperation | undefined;
  readonly response: Response;
  readonly json: unknown;
  readonly target: string;
  readonly content: string | Uint8Array | undefined;
  readonly hasBody: boolean;
}

function faultsOf({ operation, response, json, target, content, hasBody }: Exchange): string[] {
  const type = response.headers.get('content-type');
  if (!response.ok) {
    if (!hasBody) return [];
    const bad = complaints(description.components.schemas.Problem, json);
    const status = (json as { status?: number }).status === response.status ? '' : 'the status is another one';
    const media = type === 'application/problem+json' ? '' : `a problem comes as ${type}`;
    return [bad, status, media].filter((each) => each !== '');
  }
  const schema = operation?.responses[response.status]?.content['application/json']?.schema;
  if (operation === undefined || schema === undefined) return ['an answer that is not described'];
  return [complaints(schema, json), ...requestFaults(operation, target, content)].filter((each) => each !== '');
}

/** Why a request that was let in should not have been. */
function requestFaults(
  { parameters = [], requestBody }: DescribedOperation,
  target: string,
  content: string | Uint8Array | undefined,
): string[] {
  const query = new URLSearchParams(target.split('?')[1] ?? '');
  const named = parameters.filter((each) => each.in === 'query');
  const unknown = [...query.keys()].filter((name) => !named.some((each) => each.name === name));
  const missing = named.filter(({ name, required }) => required && !query.has(name)).map(({ name }) => name);
  const wrong = named.flatMap(({ name, schema }) =>
    query.has(name) ? [complaints(schema, query.get(name))].filter((each) => each !== '') : [],
  );
  const body = requestBody?.content['application/json']?.schema;
  const hasBody = content !== undefined && content.length > 0;
  const inBody = !hasBody
    ? requestBody?.required === true
      ? 'it has no body'
      : ''
    : body === undefined
      ? 'it has a body'
      : complaints(body, JSON.parse(Buffer.from(content).toString('utf8')));
  return [
    ...unknown.map((name) => `${name} is not described`),
    ...missing.map((name) => `${name} is missing`),
    ...wrong,
    inBody,
  ];
}
