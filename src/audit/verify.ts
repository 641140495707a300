import { limits } from '../base/index.ts';
import { readAnchor } from './anchor.ts';
import { readCanonical } from './canonical.ts';
import { type Head, headText, isSigned, type SignedHead } from './heads.ts';
import { headOf, recordsOf } from './reading.ts';
import { type ChainedRecord, genesisOf, hashOf, sealOf } from './records.ts';
import { openToRead } from './schema.ts';
import { readSeqs } from './seqs.ts';

/**
 * What is wrong with a record. `edited`: it is not what its hash says. `missing`: records are not there. `order`: a number comes where
 * it cannot. `unlinked`: it does not follow the record before it. `name-edited`, `name-gone`, `name-added`: of the names beside it.
 * `head`, `base`, `anchor`: the signed end, the signed beginning, the file beside the database. `broken`: the relay itself found one of
 * these when it started. `elsewhere`: the head that was written down elsewhere is not in it.
 */
export type FindingKind =
  | 'edited'
  | 'missing'
  | 'order'
  | 'unlinked'
  | 'name-edited'
  | 'name-gone'
  | 'name-added'
  | 'head'
  | 'base'
  | 'anchor'
  | 'broken'
  | 'elsewhere';

export interface Finding {
  readonly kind: FindingKind;
  /** The record that it was found at. */
  readonly seq: number;
  readonly what: string;
}

export interface Verdict {
  readonly records: number;
  /** The first number that is there, and the last. */
  readonly first: number;
  readonly last: number;
  /** Names that were erased, or dropped with time. */
  readonly erased: number;
  /** Live views and refusals that the record itself says could not be written. */
  readonly gaps: number;
  readonly head: string;
  readonly publicKey: string;
  /** Empty: the record is whole. `limits.auditFindingsMax` at most. */
  readonly findings: readonly Finding[];
}

/** Where a chain is looked at from, and what it has to end with. */
export interface ChainEnds {
  readonly publicKey: string;
  /** What the first record follows; undefined where that is the key itself. */
  readonly base: SignedHead | undefined;
  readonly head: SignedHead | undefined;
  /** Which names may be gone. */
  readonly erasures: Erasures;
}

/** Which names the chain itself says were erased. */
export class Erasures {
  #dropped: { readonly upTo: number; readonly atSeq: number } = { upTo: 0, atSeq: 0 };
  readonly #ranges = new Map<string, { readonly from: number; readonly to: number; readonly atSeq: number }[]>();

  /** Takes a record of an erasure; what it says is checked with the chain. */
  take({ seq, kind, body }: Pick<ChainedRecord, 'seq' | 'kind' | 'body'>): void {
    const said = readCanonical(body);
    if (kind === 'names-dropped' && typeof said?.upTo === 'number' && said.upTo > this.#dropped.upTo) {
      this.#dropped = { upTo: said.upTo, atSeq: seq };
    }
    if (kind !== 'erased' || typeof said?.part !== 'string' || typeof said.records !== 'string') return;
    const ranges = this.#ranges.get(said.part) ?? [];
    for (const range of readSeqs(said.records) ?? []) ranges.push({ ...range, atSeq: seq });
    this.#ranges.set(said.part, ranges);
  }

  /** Makes what was taken ready to be asked. */
  sort(): this {
    for (const ranges of this.#ranges.values()) ranges.sort((a, b) => a.from - b.from);
    return this;
  }

  has(part: string, seq: number): boolean {
    if (seq <= this.#dropped.upTo && seq < this.#dropped.atSeq) return true;
    const ranges = this.#ranges.get(part) ?? [];
    let [low, high] = [0, ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = ranges[middle];
      if (range === undefined || seq < range.from) high = middle - 1;
      else if (seq > range.to) low = middle + 1;
      else return seq < range.atSeq;
    }
    return false;
  }
}

/** Looks at the records of a chain one after the other, and says in the end whether it is whole. */
export class ChainCheck {
  readonly #ends: ChainEnds;
  readonly #findings: Finding[] = [];
  readonly #wanted: Map<string, number>;
  #head: SignedHead | undefined;
  #previous: Uint8Array | undefined;
  #expected: number;
  #first = 0;
  #last: Head;
  #records = 0;
  #erased = 0;
  #gaps = 0;

  /** `wanted`: heads that must be in it. */
  constructor(ends: ChainEnds, wanted: readonly Head[] = []) {
    const { base, publicKey } = ends;
    this.#ends = ends;
    this.#head = ends.head;
    this.#wanted = new Map(wanted.map((head) => [headText(head), head.seq]));
    this.#previous = base?.hash ?? genesisOf(publicKey);
    this.#expected = (base?.seq ?? 0) + 1;
    this.#last = { seq: base?.seq ?? 0, hash: this.#previous };
    if (base !== undefined && !isSigned('base', base, publicKey)) {
      this.#find('base', base.seq, 'the beginning was not signed with the key of this record');
    }
    this.#lookForWanted(this.#last);
  }

  take(record: ChainedRecord): void {
    const { seq, previous, hash } = record;
    if (this.#records === 0) this.#first = seq;
    this.#records += 1;
    if (seq > this.#expected) this.#find('missing', seq, `records ${this.#expected} to ${seq - 1} are missing`);
    else if (seq < this.#expected) this.#find('order', seq, `record ${seq} comes after ${this.#expected - 1}`);
    if (seq === this.#expected && this.#previous !== undefined && !same(previous, this.#previous)) {
      this.#find('unlinked', seq, `record ${seq} does not follow record ${seq - 1}`);
    }
    if (!same(hashOf(record), hash)) this.#find('edited', seq, `record ${seq} is not what was written`);
    else if (readCanonical(record.body) === undefined) this.#find('edited', seq, `record ${seq} cannot be read`);
    this.#names(record);
    if (record.kind === 'gap') this.#gaps += 1;
    if (record.kind === 'chain-broken') {
      this.#find('broken', seq, `the relay found the record damaged when it started, and wrote record ${seq}`);
    }
    this.#expected = seq + 1;
    this.#previous = hash;
    this.#last = { seq, hash };
    this.#lookForWanted(this.#last);
  }

  conclude(): Verdict {
    const { publicKey } = this.#ends;
    const head = this.#head;
    const { seq } = this.#last;
    if (head === undefined) {
      this.#find('head', seq, 'the end is not signed');
    } else if (headText(head) !== headText(this.#last)) {
      this.#find('head', seq, `the signed end is record ${head.seq}, and the last that is there is ${seq}`);
    } else if (!isSigned('head', head, publicKey)) {
      this.#find('head', seq, 'the end was not signed with the key of this record');
    }
    for (const at of this.#wanted.values()) {
      const pruned = at + 1 < this.#first;
      const what = pruned
        ? `record ${at} was pruned, so its head cannot be compared`
        : `the head of record ${at} is not in it`;
      this.#find('elsewhere', at, what);
    }
    return {
      records: this.#records,
      first: this.#first,
      last: seq,
      erased: this.#erased,
      gaps: this.#gaps,
      head: headText(this.#last),
      publicKey,
      findings: this.#findings,
    };
  }

  /** The signed head, where it is known only in the end. */
  endsWith(head: SignedHead): void {
    this.#head = head;
  }

  find(kind: FindingKind, seq: number, what: string): void {
    this.#find(kind, seq, what);
  }

  #names({ seq, seals, names }: ChainedRecord): void {
    const sealed = readCanonical(seals);
    if (sealed === undefined) {
      this.#find('edited', seq, `record ${seq} cannot be read`);
      return;
    }
    for (const name of names) {
      if (sealed[name.part] === undefined) this.#find('name-added', seq, `record ${seq} never named a ${name.part}`);
      else if (sealOf(name) !== sealed[name.part]) {
        this.#find('name-edited', seq, `the ${name.part} of record ${seq} is not whom it was written of`);
      }
    }
    for (const part of Object.keys(sealed)) {
      if (names.some((name) => name.part === part)) continue;
      this.#erased += 1;
      if (this.#ends.erasures.has(part, seq)) continue;
      this.#find('name-gone', seq, `the ${part} of record ${seq} is gone, and no record says that it was erased`);
    }
  }

  #lookForWanted(head: Head): void {
    this.#wanted.delete(headText(head));
  }

  #find(kind: FindingKind, seq: number, what: string): void {
    if (this.#findings.length < limits.auditFindingsMax) this.#findings.push({ kind, seq, what });
  }
}

export interface VerifyPlace {
  readonly file: string;
  readonly anchorFile: string;
  readonly publicKey: string;
}

/** Looks at a whole database, as it stands now, while others may write. Throws `settings-invalid` where there is none. */
export function verifyStore({ file, anchorFile, publicKey }: VerifyPlace, wanted: readonly Head[] = []): Verdict {
  // Read before the database: it may be behind it, and never ahead.
  const anchor = readAnchor(anchorFile);
  const { database } = openToRead(file);
  try {
    database.exec('BEGIN');
    const erasures = new Erasures();
    const said = database.prepare("SELECT seq, kind, body FROM record WHERE kind IN ('erased', 'names-dropped')");
    for (const { seq, kind, body } of said.iterate()) {
      erasures.take({ seq: Number(seq), kind: String(kind), body: String(body) });
    }
    const ends = {
      publicKey,
      base: headOf(database, 'base'),
      head: headOf(database, 'head'),
      erasures: erasures.sort(),
    };
    const isAnchor = anchor !== undefined && anchor !== 'damaged';
    const check = new ChainCheck(ends, isAnchor ? [...wanted, anchor] : wanted);
    for (const record of recordsOf(database)) check.take(record);
    if (!isAnchor) check.find('anchor', 0, anchor === undefined ? 'the anchor is gone' : 'the anchor is damaged');
    else if (!isSigned('head', anchor, publicKey)) {
      check.find('anchor', anchor.seq, 'the anchor was not signed with the key of this record');
    }
    return check.conclude();
  } finally {
    database.close();
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
