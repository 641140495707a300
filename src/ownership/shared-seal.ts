import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { limits, type RandomSource, type Redacted } from '../base/index.ts';
import { joinFields, splitFields } from './fields.ts';
import { fieldsOf, type Remembered, rememberedFrom } from './remembered.ts';
import type { OwnershipQuestion } from './source.ts';

/** An answer as relays share it: with the moment of its question, so that each counts its age by its own bounds. */
export interface SharedEntry extends Remembered {
  readonly askedAtMs: number;
}

/** Where an entry may lie in a store, and the seal under which it lies there. */
export interface EntryName {
  readonly name: string;
  readonly key: SealKey;
}

interface SealKey {
  readonly naming: KeyObject;
  readonly sealing: KeyObject;
}

/**
 * Seals entries for a store that others can read, write and mix up. To who has no key a name and an entry tell nothing of the
 * person or the device; an entry opens only under the name that it was sealed for, and names its question inside once more.
 */
export class SharedSeal {
  readonly #sharedAs: string;
  readonly #keys: readonly SealKey[];
  readonly #random: RandomSource;

  /** The first key seals; what the others have sealed is believed as well. */
  constructor(sharedAs: string, keys: readonly Redacted<Buffer>[], random: RandomSource) {
    this.#sharedAs = sharedAs;
    this.#keys = keys.map((key) => ({ naming: derived(key, 'name'), sealing: derived(key, 'seal') }));
    this.#random = random;
  }

  /** The names of a question’s entry, one for each key; the first is where it is written. */
  namesOf({ subject, device }: OwnershipQuestion): EntryName[] {
    const question = joinFields([this.#sharedAs, subject, device]);
    return this.#keys.map((key) => ({ name: macOf(key.naming, question).toString('base64url'), key }));
  }

  /** Undefined for an entry that would be too long. */
  seal({ name, key }: EntryName, entry: SharedEntry): string | undefined {
    const text = joinFields([this.#sharedAs, `${entry.askedAtMs}`, ...fieldsOf(entry)]);
    const padded = text.padEnd(Math.ceil(text.length / limits.sharedEntryPaddedBytes) * limits.sharedEntryPaddedBytes);
    const place = Buffer.from(name, 'base64url');
    const nonce = this.#random.bytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', entryKey(key, nonce), nonce.subarray(saltBytes));
    cipher.setAAD(place);
    const hidden = Buffer.concat([cipher.update(padded, 'utf8'), cipher.final()]);
    const sealed = Buffer.concat([place, nonce, hidden, cipher.getAuthTag()]).toString('base64url');
    return sealed.length <= limits.sharedEntryCharactersMax ? sealed : undefined;
  }

  /** What lay under a name of a question; or why it is not believed. */
  open(question: OwnershipQuestion, { name }: EntryName, sealed: string): SharedEntry | 'unsealed' | 'crossed' {
    const bytes = strictBytes(sealed);
    if (bytes === undefined || bytes.length < placeBytes + nonceBytes + tagBytes) return 'unsealed';
    const found = this.#opened(bytes);
    if (found === undefined) return 'unsealed';
    const { subject, device } = found.entry.answer;
    const isHere = bytes.subarray(0, placeBytes).equals(Buffer.from(name, 'base64url'));
    const isAnswer = subject === question.subject && device === question.device && found.sharedAs === this.#sharedAs;
    return isHere && isAnswer ? found.entry : 'crossed';
  }

  #opened(bytes: Buffer): { entry: SharedEntry; sharedAs: string } | undefined {
    for (const key of this.#keys) {
      const text = unsealed(key, bytes);
      if (text !== undefined) return readEntry(text);
    }
    return undefined;
  }
}

const placeBytes = 32;
/** Half of it goes into the entry’s own key, so that no two entries meet in one nonce however many there are. */
const nonceBytes = 24;
const saltBytes = 12;
const tagBytes = 16;

function unsealed(key: SealKey, bytes: Buffer): string | undefined {
  const nonce = bytes.subarray(placeBytes, placeBytes + nonceBytes);
  const parameters = { authTagLength: tagBytes };
  const decipher = createDecipheriv('aes-256-gcm', entryKey(key, nonce), nonce.subarray(saltBytes), parameters);
  decipher.setAAD(bytes.subarray(0, placeBytes));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    const hidden = bytes.subarray(placeBytes + nonceBytes, -tagBytes);
    return Buffer.concat([decipher.update(hidden), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function readEntry(text: string): { entry: SharedEntry; sharedAs: string } | undefined {
  const [sharedAs, asked = '', ...fields] = splitFields(text.trimEnd()) ?? [];
  const remembered = rememberedFrom(fields);
  const askedAtMs = Number(asked);
  if (remembered === undefined || sharedAs === undefined || !Number.isFinite(askedAtMs)) return undefined;
  return { entry: { ...remembered, askedAtMs }, sharedAs };
}

/** The bytes of a text that is base64url and could not be written in any other way. */
function strictBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function entryKey({ sealing }: SealKey, nonce: Buffer): KeyObject {
  return createSecretKey(macOf(sealing, nonce.subarray(0, saltBytes)));
}

/** The number says the form of entries: another form has other keys, and so other names. */
function derived(key: Redacted<Buffer>, use: 'name' | 'seal'): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key.reveal(), '', `latchkey shared cache 1 ${use}`, 32)));
}

function macOf(key: KeyObject, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
