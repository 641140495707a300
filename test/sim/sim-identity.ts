import { createSecretKey } from 'node:crypto';
import { deviceId, LatchkeyError, type Redacted, subjectId } from '../../src/base/index.ts';
import type { Identity, Revocations } from '../../src/identity/index.ts';
import { readTicketBody, writeTicketBody } from '../../src/identity/ticket-body.ts';
import { ringOf, ticketKey } from '../../src/identity/ticket-keys.ts';
import { TicketOffice } from '../../src/identity/tickets.ts';
import { mintCamera, mintViewer } from '../../src/identity/verified.ts';
import type { Dice } from './dice.ts';
import type { Faults } from './faults.ts';
import type { ProcessClock } from './timeline.ts';

const audiences = { viewer: 'viewers', camera: 'cameras' };
const ground = { namespace: '', audience: audiences.camera, algorithm: 'ES256', thumbprint: 'A'.repeat(43) } as const;
const macBytes = 32;

/** What the relays of a world share: the key of their tickets, and what was taken back of cameras. */
export interface SharedIdentity {
  readonly ticketSecret: Buffer;
  readonly revocations: Revocations;
}

/** A token says in the clear whose it is and when it began and ends; a real one is verified by threads, in no fixed order. */
export function tokenOf(kind: 'viewer' | 'camera', name: string, expiresAtMs: number, issuedAtMs?: number): string {
  return [kind, name, expiresAtMs, ...(issuedAtMs === undefined ? [] : [issuedAtMs])].join('/');
}

/** What a token says that it is, before it is verified. */
export function claimedKind(token: Redacted<string>): 'viewer' | 'camera' | undefined {
  const [kind] = token.reveal().split('/');
  return kind === 'viewer' || kind === 'camera' ? kind : undefined;
}

/** Tokens are simulated, and tickets are real. */
export function simIdentity(shared: SharedIdentity, clock: ProcessClock, faults: Faults, dice: Dice): Identity {
  const tickets = officeOf(shared, clock);
  return {
    tickets,
    async verify(token) {
      await clock.wait(faults.strikes('slow-identity', 0.4) ? dice.between(20, 1_500) : dice.between(0, 4));
      const [, name = '', expires, issued = clock.now()] = token.reveal().split('/');
      const kind = claimedKind(token);
      if (kind === undefined) throw new LatchkeyError('token-signature');
      if (!(Number(expires) > clock.now())) throw new LatchkeyError('token-expired');
      const times = { issuedAtMs: Number(issued), expiresAtMs: Number(expires) };
      const evidence = { issuer: 'test', tokenId: token.reveal(), ...times };
      if (shared.revocations.isVoid(subjectId(name), evidence)) throw new LatchkeyError('token-revoked');
      if (kind === 'viewer') return mintViewer(subjectId(name), evidence);
      const camera = mintCamera(deviceId(name), evidence);
      tickets.remember(camera, { ...ground, verifiedAtMs: clock.now() });
      return camera;
    },
    async verifyViewer(token) {
      const holder = await this.verify(token);
      if (holder.kind !== 'viewer') throw new LatchkeyError('token-audience');
      return holder;
    },
    async verifyCamera(token) {
      const holder = await this.verify(token);
      if (holder.kind !== 'camera') throw new LatchkeyError('token-audience');
      return holder;
    },
  };
}

/** A ticket that names another device, under the seal of the one that it was made from. */
export function forgedTicket(ticket: string, device: string): string {
  const [prefix = '', encoded = ''] = ticket.split('.');
  const all = Buffer.from(encoded, 'base64url');
  const body = readTicketBody(all.subarray(0, -macBytes));
  const forged = body === undefined ? undefined : writeTicketBody({ ...body, device });
  if (forged === undefined) throw new TypeError('That is no ticket.');
  return `${prefix}.${Buffer.concat([forged, all.subarray(-macBytes)]).toString('base64url')}`;
}

/** The real office, of one issuer whose one key is always there. */
function officeOf({ ticketSecret, revocations }: SharedIdentity, clock: ProcessClock): TicketOffice {
  const issuer = { issuer: 'test', keys: { jwksFile: '' } };
  const key = {
    id: undefined,
    algorithms: [ground.algorithm],
    key: createSecretKey(ticketSecret),
    thumbprint: ground.thumbprint,
  };
  const keys = {
    get: async () => [],
    behind: false,
    loaded: () => [key],
    keepFresh: () => ({ first: Promise.resolve(), timer: { cancel() {} } }),
  };
  return new TicketOffice({
    settings: {
      audiences,
      algorithms: ['ES256'],
      clockToleranceSeconds: 30,
      tokenLifetimeSecondsMax: 3_600,
      issuers: [issuer],
      tickets: { enabled: true, lifetimeSecondsMax: 30 },
    },
    issuers: new Map([[issuer.issuer, { settings: issuer, keys }]]),
    keys: ringOf([ticketKey(ticketSecret, Number.POSITIVE_INFINITY)]),
    revocations,
    clock,
    observer: {},
  });
}
