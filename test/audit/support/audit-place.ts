import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type AuditKey,
  AuditStore,
  HeadSigner,
  type StorePlace,
  type Verdict,
  verifyStore,
} from '../../../src/audit/index.ts';
import { type NewName, newName, newRecord } from '../../../src/audit/records.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** The private key of RFC 8032 section 7.1, test 1. */
export const auditKey: AuditKey = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
};
export const startMs = Date.UTC(2026, 0, 1);

/** A record in a folder of its own, and what somebody with the machine can do to it. */
export class AuditPlace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'));
  readonly place: StorePlace = {
    file: join(this.folder, 'audit.sqlite'),
    anchorFile: join(this.folder, 'audit-anchor'),
    key: auditKey,
  };
  readonly publicKey = new HeadSigner(auditKey).publicKey;

  store(): AuditStore {
    return new AuditStore(this.place, seededRandom(1));
  }

  verify(...wanted: Parameters<typeof verifyStore>[1][]): Verdict {
    return verifyStore(
      { ...this.place, publicKey: this.publicKey },
      wanted.flatMap((each) => each ?? []),
    );
  }

  /** What `verify` finds, by its kind. */
  findings(): string[] {
    return this.verify().findings.map(({ kind }) => kind);
  }

  /** Does something to the database that no part of Latchkey does. */
  tamper(work: (database: DatabaseSync) => void): void {
    const database = new DatabaseSync(this.place.file);
    try {
      work(database);
    } finally {
      database.close();
    }
  }

  /** Writes a few live views: of alice and ben, each of a camera of their own. */
  fill(views = 3): void {
    const store = this.store();
    for (let view = 0; view < views; view++) {
      const names = [
        subject(view % 2 === 0 ? 'alice' : 'ben'),
        newName('device', `cam-${view % 2}`, { token: { issuer: 'factory' } }),
      ];
      const atMs = startMs + view * 60_000;
      const session = `session-${view}`;
      store.append([newRecord('session-started', atMs, { flow: 'answer', role: 'owner' }, { session, names })], atMs);
      const camera = {
        packets: 10,
        bytes: 9_000,
        rtpPackets: 9,
        firstMediaAtMs: atMs + 500,
        lastMediaAtMs: atMs + 30_000,
      };
      const viewer = { packets: 3, bytes: 300, rtpPackets: 0 };
      const body = { reason: 'viewer-left', endedAtMs: atMs + 30_100, figures: { camera, viewer } };
      store.append([newRecord('session-ended', atMs + 30_100, body, { session })], atMs + 30_100);
    }
    store.close();
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function subject(name: string): NewName {
  return newName('subject', name, {
    token: { issuer: 'idp', tokenId: `jti-of-${name}` },
    ownership: { source: 'sqlite', version: '7' },
  });
}
