import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { z } from 'zod';
import { type AnswerOf, type Operation, type OperationId, operations, problemDocument } from '../../admin/index.ts';
import { asErrorCode, LatchkeyError, limits, type Redacted } from '../../base/index.ts';

/** One node’s admin API. */
export interface AdminNode {
  /** Without a path, such as `http://127.0.0.1:9465`. */
  readonly url: string;
  readonly credential: Redacted<string>;
  /** Where the credential comes from. */
  readonly credentialFile: string;
  /** PEM certificates that are trusted beside those of the platform. */
  readonly ca: string | undefined;
}

interface Input {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/**
 * Asks a node for one operation. Throws the node’s own error of the table, `relay-unreachable` where nothing answers there, and
 * `request-timeout` where an answer takes longer than `limits.adminAnswerMsMax`.
 */
export async function asked<Id extends OperationId>(node: AdminNode, id: Id, input: Input = {}): Promise<AnswerOf<Id>> {
  const operation: Operation = operations[id];
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(input.parameters?.[name] ?? ''),
  );
  const query = new URLSearchParams(input.query).toString();
  const { status, body } = await exchanged(
    node,
    operation.method,
    query === '' ? path : `${path}?${query}`,
    input.body,
  );
  const json = parsed(body);
  if (status !== operation.status) throw refusalOf(node, status, json);
  const answer = operation.answer.safeParse(json);
  if (!answer.success) throw unreachable(node, 'what answers there is no admin API of this version');
  return answer.data as AnswerOf<Id>;
}

function exchanged(
  { url, credential, ca }: AdminNode,
  method: string,
  path: string,
  body: object | undefined,
): Promise<{ status: number; body: string }> {
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const isTls = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/json, application/problem+json',
      authorization: `Bearer ${credential.reveal()}`,
      ...(content !== undefined && { 'content-type': 'application/json', 'content-length': content.length }),
    };
    const signal = AbortSignal.timeout(limits.adminAnswerMsMax);
    const failed = (error: Error) => reject(signal.aborted ? late(url) : unreachable({ url }, error.message, error));
    const about = { method, headers, agent: false, signal, ...(isTls && ca !== undefined && { ca }) };
    const request = (isTls ? httpsRequest : httpRequest)(new URL(path, url), about, (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on('error', failed).on('data', (part: Buffer) => {
        length += part.length;
        if (length > limits.adminAnswerBytesMax) request.destroy(new Error('its answer is too large'));
        else parts.push(part);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
      );
    });
    request.on('error', failed).end(content);
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function refusalOf(node: AdminNode, status: number, json: unknown): LatchkeyError {
  const problem = problemDocument.safeParse(json);
  const code = problem.success ? asErrorCode(problem.data.code) : undefined;
  if (!problem.success || code === undefined)
    return unreachable(node, `what answers there says ${status}, and is no admin API`);
  if (code === 'admin-credential') {
    const why = `${node.url} does not know the credential in ${node.credentialFile}: name another file with --admin-token-file`;
    return new LatchkeyError(code, why);
  }
  return new LatchkeyError(code, wordsOf(problem.data));
}

/** What the node said beyond the line of the table. */
function wordsOf({ detail, done }: z.infer<typeof problemDocument>): string | undefined {
  const [, inside] = /\((.*)\)$/s.exec(detail) ?? [];
  return done === true ? 'it was done all the same' : inside;
}

/** With the system's or the library's code of what happened, by which a certificate that is not trusted is told from the rest. */
function unreachable({ url }: { url: string }, why: string, cause?: NodeJS.ErrnoException): LatchkeyError {
  const code = cause?.code === undefined || why.includes(cause.code) ? '' : ` (${cause.code})`;
  const where = 'Is a relay running there? Its settings admin.host and admin.port say where; name it with --admin';
  return new LatchkeyError('relay-unreachable', `${url}: ${why}${code}. ${where}`, { cause });
}

function late(url: string): LatchkeyError {
  return new LatchkeyError('request-timeout', `${url} did not answer; whether it was done is not known`);
}
