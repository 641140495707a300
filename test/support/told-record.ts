import { expect } from 'vitest';
import type { Sighting } from '../../src/admin/index.ts';
import { command } from './command.ts';
import { commandHere } from './command-here.ts';
import type { PageViewer, SeenState } from './page-viewer.ts';
import type { RunningRelay } from './running-relay.ts';

/** Who throws the levers of a test, by the name of the credential. */
export const operator = { name: 'night-shift', token: 'night-shift-token-of-at-least-32-chars==' };

/** The relay that is meant, for a command: where its admin API is, and its record. */
function environmentOf({ server, settings }: RunningRelay): Readonly<Record<string, string>> {
  return {
    LATCHKEY_DEMO: 'false',
    LATCHKEY_DATA_DIRECTORY: settings.dataDirectory,
    LATCHKEY_ADMIN: server.adminUrl,
    LATCHKEY_ADMIN_TOKEN_FILE: settings.admin.tokenFile ?? '',
  };
}

/** Runs `latchkey` for the operator of that relay, in this process. Fails where the command does. */
export async function operated(relay: RunningRelay, ...words: readonly string[]): Promise<string> {
  const { code, output, errors } = await commandHere([...words, '--config', 'config/demo.json'], environmentOf(relay));
  expect([code, errors], words.join(' ')).toEqual([0, '']);
  return output;
}

type Times = Omit<Sighting, 'subject' | 'device' | 'bytes'>;

interface Told {
  readonly viewings: readonly (Times & { readonly subject: { readonly name: string } })[];
  readonly verdict: { readonly findings: readonly object[] };
}

/** What `latchkey audit who-saw` says of a camera, in a process of its own. */
export async function whoSaw(relay: RunningRelay, device: string): Promise<Told> {
  const words = ['audit', 'who-saw', device, '--from', '1h', '--json', '--config', 'config/demo.json'];
  const { code, output, errors } = await command(words, environmentOf(relay));
  expect([code, errors]).toEqual([0, '']);
  return JSON.parse(output) as Told;
}

/** The same by the admin API. */
async function sightings({ server }: RunningRelay, device: string): Promise<readonly Sighting[]> {
  const [from, to] = [Date.now() - 3_600_000, Date.now() + 1_000].map((ms) => new Date(ms).toISOString());
  const query = new URLSearchParams({ device, from: from ?? '', to: to ?? '' });
  const response = await fetch(`${server.adminUrl}/v1/audit/who-saw?${query}`, {
    headers: { authorization: `Bearer ${operator.token}` },
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { sightings: Sighting[] }).sightings;
}

/** What became of operators’ acts, as the exported record has it, in order: what was done, to what, and by whom. */
export async function actsOnRecord(relay: RunningRelay): Promise<string[]> {
  const lines = (await operated(relay, 'audit', 'export')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ kind, body }) => kind === 'operator' && JSON.parse(body).outcome !== 'begun')
    .map(({ body, names }) => {
      const { by, action, outcome } = JSON.parse(body);
      return `${by} ${action} ${names[0].name} ${outcome}`;
    });
}

/** Two clocks of one machine, and a record to the second. */
const secondMs = 1_000;

/** Fails where a comes after b, by a second or more. */
function inOrder(what: string, aMs: number, bMs: number): void {
  expect(aMs - bMs, what).toBeLessThan(secondMs);
}

export interface WhatHappened {
  readonly subject: string;
  readonly device: string;
  readonly reason: string;
  /** When the lever was thrown; undefined for an end that time brought. */
  readonly thrownAtMs: number | undefined;
  /** What the page said, when it did. */
  readonly words: SeenState;
}

/**
 * Holds the record against the screen: the view that ended has that reason, all that was shown came within the interval that `who-saw`
 * tells, and that interval lies between the question and the words on the page. Command and API say the same, and the record is whole.
 */
export async function recordAgrees(relay: RunningRelay, viewer: PageViewer, happened: WhatHappened): Promise<void> {
  const { subject, device, reason, words, thrownAtMs } = happened;
  const { askedAtMs, framesAtMs } = await viewer.seen();
  const shown = framesAtMs.filter((ms) => ms <= words.atMs);
  const [{ viewings, verdict }, told] = await Promise.all([whoSaw(relay, device), sightings(relay, device)]);
  expect(verdict.findings).toEqual([]);
  const own = viewings.filter((view) => view.subject.name === subject && view.startedAtMs > askedAtMs - secondMs);
  const [view] = own.filter((each) => each.reason === reason);
  expect(own.map((each) => [each.end, each.seen, each.reason])).toContainEqual(['ended', true, reason]);
  const { startedAtMs, seenFromMs, seenUntilMs, endedAtMs } = view as Times;
  inOrder('asked before it began', askedAtMs, startedAtMs);
  inOrder('began before anything was seen', startedAtMs, seenFromMs ?? 0);
  inOrder('seen from before the first frame', seenFromMs ?? Number.POSITIVE_INFINITY, shown[0] ?? 0);
  inOrder('the last frame before seen until', shown.at(-1) ?? Number.POSITIVE_INFINITY, seenUntilMs ?? 0);
  inOrder('seen until before it ended', seenUntilMs ?? Number.POSITIVE_INFINITY, endedAtMs ?? 0);
  inOrder('ended before the page said so', endedAtMs ?? Number.POSITIVE_INFINITY, words.atMs);
  if (thrownAtMs !== undefined) inOrder('thrown before it ended', thrownAtMs, endedAtMs ?? 0);
  expect(told.find(({ session }) => session === view?.session)).toMatchObject({
    subject,
    device,
    reason,
    startedAtMs,
    seenFromMs,
    seenUntilMs,
    endedAtMs,
  });
}
