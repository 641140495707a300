import {
  bitsPerSecond,
  bytes,
  duration,
  inWords,
  milliseconds,
  rate,
  type StatusAnswer,
  whole,
} from '../../admin/index.ts';

type Row = readonly [what: string, words: string];

/** A node's status as a table for a terminal: what matters first, and no line without something to say. */
export function statusTable(status: StatusAnswer): string {
  const rows = [...alarmRows(status), ...loadRows(status), ...leverRows(status), ...tallyRows(status)];
  const width = Math.max(...rows.map(([what]) => what.length));
  return [headline(status), ...rows.map(([what, words]) => `  ${what.padEnd(width)}  ${words}`)].join('\n');
}

function headline({ readiness, version, transport, atMs, startedAtMs }: StatusAnswer): string {
  return `${readiness.toUpperCase()}  latchkey ${version}, up ${duration((atMs - startedAtMs) / 1000)}, ${transport ?? 'no transport'}`;
}

function alarmRows({ alarms, faults, audit, media, atMs }: StatusAnswer): Row[] {
  const last = alarms.lastAtMs === null ? '' : `, the last ${duration((atMs - alarms.lastAtMs) / 1000)} ago`;
  return [
    ...when(Object.keys(alarms.kinds).length > 0, 'ALARM', `${tallied(alarms.kinds)}${last}`),
    ...when(faults > 0, 'FAULTS', whole(faults)),
    ...when(audit?.writable === false, 'RECORD', 'cannot be written'),
    ...when(media.workersFailed > 0, 'WORKERS', `${whole(media.workersFailed)} died and began again`),
  ];
}

function loadRows({
  now,
  sessions,
  cameras,
  viewers,
  connections,
  admission,
  media,
  process,
  ...status
}: StatusAnswer): Row[] {
  const workers = media.workers.map(({ wires }) => whole(wires)).join(' ');
  const ramp = Math.max(0, ...Object.values(admission.rampSeconds));
  return [
    ['live views', `${whole(now.sessions)}  (${whole(sessions.live)} live, ${whole(sessions.settingUp)} being set up)`],
    ['cameras', whole(cameras)],
    ['viewers', `${whole(viewers)}  (${whole(connections)} connections)`],
    ['registrations', `${inWords(rate(now.registrations))}  (${whole(status.registrations)} since the start)`],
    [
      'waiting',
      `${whole(now.waiting)}  (${whole(admission.inFlight)} verified now, ${inWords(rate(now.sentAway))} sent away)`,
    ],
    ...when(ramp > 0, 'ramp', duration(ramp)),
    [
      'media',
      `${inWords(bitsPerSecond(now.bits))}, ${rate(now.packets).text} packets/s, ${rate(now.drops).text} dropped/s`,
    ],
    ['wires by worker', workers === '' ? '-' : workers],
    ['event loop', `${inWords(milliseconds(process.loopLagMs))} late`],
    ['memory', inWords(bytes(process.residentBytes))],
  ];
}

function leverRows({ switches, quarantined, revocations, audit }: StatusAnswer): Row[] {
  const thrown = Object.entries(switches ?? {}).filter(([, position]) => position !== 'on');
  const positions = thrown.map(([feature, position]) => `${feature} ${position === 'off' ? 'off' : 'off for some'}`);
  return [
    ...when(switches !== null, 'switches', positions.length === 0 ? 'all on' : positions.join(', ')),
    ...when(revocations > 0, 'revocations', `${whole(revocations)}  (${whole(quarantined)} cameras in quarantine)`),
    ...when(audit?.writable === true, 'record', audit?.entries == null ? 'written' : `${whole(audit.entries)} entries`),
  ];
}

function tallyRows({ sessions, refusals, media }: StatusAnswer): Row[] {
  const rows: Row[] = [
    ['opened', tallied(sessions.opened)],
    ['ended', tallied(sessions.ended)],
    ['refused', tallied(refusals)],
    ['dropped', tallied(media.drops)],
  ];
  return rows.filter(([, words]) => words !== '');
}

function when(isSo: boolean, what: string, words: string): Row[] {
  return isSo ? [[what, words]] : [];
}

function tallied(tally: Readonly<Record<string, number>>): string {
  return Object.entries(tally)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${word} ${whole(count)}`)
    .join(', ');
}
