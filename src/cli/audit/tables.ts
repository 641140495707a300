import type { Answer, KnownName, RefusedRecord, Verdict, Viewing } from '../../audit/index.ts';
import { table } from '../table.ts';

/** A time to the second, in UTC. */
export function timeText(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').replace(/\..*$/, '');
}

/** Whose view it was from when to when, and what was seen of it, in columns. */
export function viewingsTable(viewings: readonly Viewing[], of: 'subject' | 'device'): string {
  const rows = viewings.map((viewing) => [
    nameText(viewing[of]),
    viewing.role,
    timeText(viewing.seenFromMs ?? viewing.startedAtMs),
    untilText(viewing),
    bytesText(viewing),
    endText(viewing),
    viewing.session,
  ]);
  return table([
    [of === 'subject' ? 'WHO' : 'CAMERA', 'AS', 'FROM (UTC)', 'UNTIL', 'BYTES', 'END', 'SESSION'],
    ...rows,
  ]);
}

export function refusalsTable(refusals: readonly RefusedRecord[], of: 'subject' | 'device'): string {
  const rows = refusals.map((refusal) => [
    nameText(refusal[of]),
    timeText(refusal.atMs),
    refusal.code,
    `${refusal.count}`,
  ]);
  return table([[of === 'subject' ? 'WHO' : 'CAMERA', 'AT (UTC)', 'WHY NOT', 'TIMES'], ...rows]);
}

/** What the two tables come to, and whether the record can be believed. */
export function answerText(
  answer: Answer,
  of: 'subject' | 'device',
  whom: string,
  span: { readonly fromMs: number; readonly toMs: number },
  verdict: Verdict,
): string {
  const { namesFromMs = span.fromMs } = answer;
  const between = `between ${timeText(Math.max(span.fromMs, namesFromMs))} and ${timeText(span.toMs)} UTC`;
  const saw = answer.viewings.filter(({ seen }) => seen !== false);
  const opened = answer.viewings.filter(({ seen }) => seen === false);
  const parts: string[] = [];
  if (saw.length > 0) parts.push(viewingsTable(saw, of));
  else if (namesFromMs <= span.toMs)
    parts.push(of === 'subject' ? `nobody saw ${whom} ${between}` : `${whom} saw nothing ${between}`);
  if (namesFromMs > span.fromMs)
    parts.push(
      `of views that began before ${timeText(namesFromMs)} UTC nobody can say whose they were: names go in their time`,
    );
  if (opened.length > 0) parts.push(`opened, but nothing was shown:\n${viewingsTable(opened, of)}`);
  if (answer.refusals.length > 0) parts.push(`refused:\n${refusalsTable(answer.refusals, of)}`);
  if (answer.more) parts.push('there are more: ask for less time');
  parts.push(verdictText(verdict));
  return parts.join('\n\n');
}

export function verdictText({ records, first, last, erased, gaps, head, publicKey, findings }: Verdict): string {
  const gap = gaps === 0 ? '' : `, ${gaps} of which ${gaps === 1 ? 'says' : 'say'} that some could not be written`;
  const names = erased === 0 ? '' : `, ${erased} names erased`;
  const about = `${records} records (${first} to ${last})${gap}${names}`;
  const signed = `head ${head}\nsigned by ${publicKey}`;
  if (findings.length === 0) return `the record is whole: verified ${about}\n${signed}`;
  return ['THE RECORD IS NOT WHOLE:', ...findings.map(({ what }) => `  ${what}`), `looked at ${about}`, signed].join(
    '\n',
  );
}

function untilText({ end, seenUntilMs, endedAtMs, aliveAtMs }: Viewing): string {
  if (seenUntilMs !== undefined) return timeText(seenUntilMs);
  if (endedAtMs === undefined) return 'not ended';
  if (end === 'ended') return timeText(endedAtMs);
  return `${timeText(endedAtMs)} at most (last sign ${timeText(aliveAtMs ?? endedAtMs).slice(11)})`;
}

function endText({ end, reason, cause }: Viewing): string {
  if (end === 'open') return 'open';
  if (end === 'lost') return 'relay killed';
  return cause === undefined ? (reason ?? '') : `${reason} (${cause})`;
}

function bytesText({ figures }: Viewing): string {
  const camera = figures?.camera;
  const bytes = typeof camera === 'object' && camera !== null && 'bytes' in camera ? camera.bytes : undefined;
  return typeof bytes === 'number' ? `${bytes}` : '-';
}

function nameText(name: KnownName | undefined): string {
  return name?.name ?? '(erased)';
}
