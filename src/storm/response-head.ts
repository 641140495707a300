import { hash } from 'node:crypto';
import { limits } from '../base/index.ts';
import { firstMessageHeader, firstMessageTaken } from '../protocol/index.ts';

const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** What a relay said to a request to upgrade. */
export interface ResponseHead {
  readonly status: number;
  readonly accept: string | undefined;
  /** As it was written: seconds, or a date. */
  readonly retryAfter: string | undefined;
  /** The message that came along with the request was taken for the first one of the connection. */
  readonly tookFirst: boolean;
  /** Where the head ends and the first frame begins, in bytes. */
  readonly end: number;
}

/** Reads the head of a response (RFC 9112). Undefined while there is too little; throws a TypeError for what is none, or too long. */
export function readResponseHead(bytes: Buffer): ResponseHead | undefined {
  const endOfHead = bytes.indexOf('\r\n\r\n');
  if (endOfHead < 0 || endOfHead > limits.stormHeadBytesMax) {
    if (bytes.length > limits.stormHeadBytesMax) throw new TypeError('a head that does not end');
    return undefined;
  }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, endOfHead).split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new TypeError('no response of HTTP');
  const header = (name: string) => {
    const line = lines.find((each) => each.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  };
  const accept = header('sec-websocket-accept');
  const tookFirst = header(firstMessageHeader) === firstMessageTaken;
  return { status: Number(status), accept, retryAfter: header('retry-after'), tookFirst, end: endOfHead + 4 };
}

/** What a server that read this very key answers (RFC 6455 section 4.2.2). */
export function acceptFor(key: string): string {
  return hash('sha1', key + webSocketGuid, 'base64');
}
