import { limits } from '../base/index.ts';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
type Opcode = (typeof opcodes)[keyof typeof opcodes];

/** One whole frame of a client (RFC 6455 section 5.2), masked with the four bytes of `mask`. */
export function clientFrame(opcode: Opcode, payload: Uint8Array, mask: Uint8Array): Buffer {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (head === 2 ? length : head === 4 ? 126 : 127);
  if (head === 4) frame.writeUInt16BE(length, 2);
  if (head === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(mask.subarray(0, 4), head);
  for (let at = 0; at < length; at++) frame[head + 4 + at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return frame;
}

export interface FrameHandlers {
  text(text: string): void;
  ping(payload: Buffer): void;
  close(code: number): void;
}

/** What a frame's first bytes say. */
interface Head {
  readonly final: boolean;
  readonly opcode: number;
  readonly payloadAt: number;
  readonly end: number;
}

/**
 * Reads a server's frames (RFC 6455 section 5) out of pieces of any size. A message has `limits.messageBytesMax` bytes at most. The
 * pieces are the caller's again when `push` returns.
 */
export class FrameReader {
  readonly #handlers: FrameHandlers;
  #rest: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #fragmented = false;
  #over = false;

  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  /** Takes the next piece. False: it breaks the protocol or a bound, and nothing more is read. */
  push(piece: Buffer): boolean {
    if (this.#over) return true;
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (;;) {
      const head = readHead(bytes, at);
      if (head === 'broken') return this.#broken();
      if (head === undefined || head.end > bytes.length) break;
      if (!this.#take(head, bytes.subarray(head.payloadAt, head.end))) return this.#broken();
      if (this.#over) return true;
      at = head.end;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return true;
  }

  /** Reads no further, also not what lies behind the frame that is being handled. */
  stop(): void {
    this.#over = true;
    this.#parts = [];
  }

  #broken(): boolean {
    this.stop();
    return false;
  }

  #take({ opcode, final }: Head, payload: Buffer): boolean {
    switch (opcode) {
      case opcodes.text:
      case opcodes.continuation:
        return this.#takePart(opcode === opcodes.text, final, payload);
      case opcodes.close: {
        if (payload.length === 1) return false;
        this.#over = true;
        this.#handlers.close(payload.length === 0 ? 1005 : payload.readUInt16BE(0));
        return true;
      }
      case opcodes.ping:
        this.#handlers.ping(payload);
        return true;
      default:
        return opcode === opcodes.pong;
    }
  }

  #takePart(first: boolean, final: boolean, payload: Buffer): boolean {
    if (first === this.#fragmented) return false;
    this.#fragmented = !final;
    if (first && final) {
      this.#handlers.text(payload.toString('utf8'));
      return true;
    }
    this.#partsBytes += payload.length;
    if (this.#partsBytes > limits.messageBytesMax || this.#parts.length >= limits.messageFragmentsMax) return false;
    this.#parts.push(Buffer.from(payload));
    if (!final) return true;
    const whole = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#partsBytes = 0;
    this.#handlers.text(whole);
    return true;
  }
}

/** Undefined while there is too little of it. A server masks nothing, and reserved bits are not agreed upon. */
function readHead(bytes: Buffer, at: number): Head | 'broken' | undefined {
  if (bytes.length < at + 2) return undefined;
  const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
  const [opcode, final, short] = [first & 0x0f, (first & 0x80) !== 0, second & 0x7f];
  if ((first & 0x70) !== 0 || (second & 0x80) !== 0) return 'broken';
  if (opcode >= opcodes.close && (!final || short > 125)) return 'broken';
  const payloadAt = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (bytes.length < payloadAt) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readBigUInt64BE(at + 2);
  if (length > limits.messageBytesMax) return 'broken';
  return { final, opcode, payloadAt, end: payloadAt + Number(length) };
}
