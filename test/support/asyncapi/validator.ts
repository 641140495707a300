import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { fileAt } from '../source-files.ts';
import type { End } from './methods.ts';

interface Operation {
  readonly action: 'send' | 'receive';
  readonly channel: { readonly $ref: string };
  readonly messages: readonly { readonly $ref: string }[];
  readonly reply?: { readonly messages: readonly { readonly $ref: string }[] };
}

/** What is wrong with a document by AsyncAPI’s own schema; empty: nothing. */
export function faultsOfDocument(document: unknown): string[] {
  const schema = JSON.parse(readFileSync('node_modules/@asyncapi/specs/schemas/3.0.0.json', 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, meta: false, validateSchema: false });
  formats.default(ajv);
  const validate = ajv.compile(schema);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

export interface Said {
  readonly end: End;
  readonly by: 'relay' | 'end';
  readonly text: string;
}

/** Holds the messages of connections against `config/asyncapi.json`. */
export class ProtocolValidator {
  readonly #operations: Readonly<Record<string, Operation>>;
  readonly #ajv = new Ajv({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document = JSON.parse(fileAt('config/asyncapi.json').text)) {
    this.#operations = document.operations;
    this.#ajv.addSchema({ ...document, $id: 'asyncapi' });
  }

  /** The operation that a message belongs to, or undefined for one that is none of the document’s. `asked`: the method it answers. */
  operationOf({ end, by, text }: Said, asked: string | undefined): string | undefined {
    const message = JSON.parse(text) as { method?: string; id?: unknown };
    const keys = (caller: 'relay' | 'end', name: string) =>
      caller === 'relay' ? `relay-to-${end}-${name}` : `${end}-${name}`;
    const isAnswer = message.method === undefined && 'id' in message;
    const other = by === 'relay' ? 'end' : 'relay';
    if (isAnswer && asked === undefined)
      return this.#isValid(`${keys(by, 'error-reply')}`, message) ? keys(by, 'error-reply') : undefined;
    const key = isAnswer ? keys(other, asked ?? '') : keys(by, message.method ?? 'error');
    const operation = this.#operations[key];
    const messages = isAnswer ? operation?.reply?.messages : operation?.messages;
    return messages?.some(({ $ref }) => this.#isValid($ref.split('/').at(-1) ?? '', message)) ? key : undefined;
  }

  #isValid(key: string, message: unknown): boolean {
    let validate = this.#validators.get(key);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `asyncapi#/components/messages/${key}/payload` });
      this.#validators.set(key, validate);
    }
    return validate(message) === true;
  }
}
