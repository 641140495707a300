import { limits } from '../base/index.ts';

/** One reply of RESP2, the protocol of Redis and Valkey. Lists are no reply to anything that is asked here. */
export type RespReply =
  | { readonly type: 'status' | 'error' | 'integer'; readonly text: string }
  | { readonly type: 'bulk'; readonly text: string | undefined };

/** Something that is no reply: the stream cannot be read any further. */
export class NotResp extends Error {}

/** A command as it goes over the wire, in UTF-8. */
export function respCommand(parameters: readonly string[]): string {
  return `*${parameters.length}\r\n${parameters.map((each) => `$${Buffer.byteLength(each)}\r\n${each}\r\n`).join('')}`;
}

const types = new Map([
  ['+', 'status'],
  ['-', 'error'],
  [':', 'integer'],
] as const);

/** Reads replies out of a stream, however it is cut; one has `limits.sharedReplyBytesMax` at most. */
export class RespReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The replies that are whole by now. Throws `NotResp` for what is none, and then reads nothing more. */
  *read(chunk: Buffer): Generator<RespReply> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const found = replyAt(bytes, at);
      if (found === undefined) break;
      at = found.end;
      yield found.reply;
    }
    if (bytes.length - at > limits.sharedReplyBytesMax) throw new NotResp('a reply is too long');
    // A copy, so that a few bytes do not hold the whole chunk.
    this.#rest = Buffer.from(bytes.subarray(at));
  }
}

function replyAt(bytes: Buffer, at: number): { reply: RespReply; end: number } | undefined {
  if (at === bytes.length) return undefined;
  const first = String.fromCharCode(bytes[at] ?? 0);
  const type = types.get(first as '+');
  if (type === undefined && first !== '$') throw new NotResp('no reply begins like this');
  const line = lineAt(bytes, at + 1);
  if (line === undefined) return undefined;
  if (type !== undefined) return { reply: { type, text: line.text }, end: line.end };
  if (line.text === '-1') return { reply: { type: 'bulk', text: undefined }, end: line.end };
  return bulkAt(bytes, line.text, line.end);
}

function bulkAt(bytes: Buffer, length: string, begin: number): ReturnType<typeof replyAt> {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(length)) throw new NotResp('a length is none');
  const end = begin + Number(length);
  if (Number(length) > limits.sharedReplyBytesMax) throw new NotResp('a reply is too long');
  if (bytes.length < end + 2) return undefined;
  if (bytes[end] !== 13 || bytes[end + 1] !== 10) throw new NotResp('a reply does not end where it should');
  return { reply: { type: 'bulk', text: bytes.toString('latin1', begin, end) }, end: end + 2 };
}

function lineAt(bytes: Buffer, begin: number): { text: string; end: number } | undefined {
  const end = bytes.indexOf('\r\n', begin, 'latin1');
  if ((end < 0 ? bytes.length : end) - begin > limits.sharedReplyBytesMax) throw new NotResp('a line is too long');
  return end < 0 ? undefined : { text: bytes.toString('latin1', begin, end), end: end + 2 };
}
