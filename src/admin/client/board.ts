import type { StatusAnswer } from '../status.ts';
import {
  bitsPerSecond,
  bytes,
  compact,
  counted,
  duration,
  type Figure,
  inWords,
  milliseconds,
  rate,
  whole,
} from './figures.ts';

type Mood = 'good' | 'warn' | 'bad';
type Tally = Readonly<Record<string, number>>;

const barsMax = 8;

/** Puts the node's figures where the page has a place for each. Words go in as text, never as markup. */
export class Board {
  readonly #page: Document;
  #before: StatusAnswer | undefined;

  constructor(page: Document) {
    this.#page = page;
  }

  show(status: StatusAnswer): void {
    this.#head(status);
    this.#banners(status);
    this.#figures(status);
    this.#levers(status);
    this.#record(status.audit);
    this.#workers(status);
    this.#bars('refusals', status.refusals);
    this.#bars('ended', status.sessions.ended);
    this.#bars('opened', status.sessions.opened);
    this.#bars('drops', status.media.drops);
    this.#before = status;
  }

  /** The node does not answer: the figures that are shown are old. */
  lost(words: string): void {
    this.#pill('no answer', 'bad');
    const since = this.#before === undefined ? '' : ` These figures are of ${timeOf(this.#before.atMs)}.`;
    delete this.#page.getElementById('banners')?.dataset.words;
    this.#list('banners', [banner('bad', `The node does not answer: ${words}${since}`)]);
  }

  #head({ readiness, version, node, transport, atMs, startedAtMs }: StatusAnswer): void {
    this.#pill(readiness, readiness === 'ready' ? 'good' : 'warn');
    const up = duration((atMs - startedAtMs) / 1000);
    const about = this.#page.getElementById('about');
    if (about !== null) about.textContent = `${version} · up ${up} · ${transport ?? 'no transport'} · Node ${node}`;
  }

  #pill(words: string, mood: Mood): void {
    const pill = this.#page.getElementById('readiness');
    if (pill === null) return;
    pill.hidden = false;
    if (pill.textContent !== words) pill.textContent = words;
    pill.dataset.is = mood;
  }

  #banners({ alarms, faults, audit, readiness, media }: StatusAnswer): void {
    const kinds = Object.entries(alarms.kinds).map(([kind, times]) => `${kind} ${whole(times)}`);
    const last = alarms.lastAtMs === null ? '' : ` The last one was at ${timeOf(alarms.lastAtMs)}.`;
    const all: [boolean, Mood, string][] = [
      [kinds.length > 0, 'bad', `Alarm: answers that did not belong to their question (${kinds.join(', ')}).${last}`],
      [audit?.writable === false, 'bad', 'The record cannot be written: see to the disk of the data directory.'],
      [faults > 0, 'bad', `${counted(faults, 'fault')} of the relay itself since its start: see its log.`],
      [
        media.workersFailed > 0,
        'warn',
        `Media workers died and began again: ${counted(media.workersFailed, 'time')} since the start.`,
      ],
      [readiness === 'draining', 'warn', 'Draining: this node takes no new work, and its clients are told to move.'],
    ];
    const shown = all.filter(([isOn]) => isOn);
    const words = shown.map(([, , text]) => text).join('\n');
    const place = this.#page.getElementById('banners');
    // Unchanged words are not put there again: a screen reader would say them each second.
    if (place === null || place.dataset.words === words) return;
    place.dataset.words = words;
    this.#list(
      'banners',
      shown.map(([, mood, text]) => banner(mood, text)),
    );
  }

  #figures({ now, sessions, admission, media, process, ...status }: StatusAnswer): void {
    this.#figure('sessions', whole(now.sessions));
    this.#text('sessions-more', `${whole(sessions.live)} live · ${whole(sessions.settingUp)} being set up`);
    this.#figure('cameras', whole(status.cameras));
    this.#text('cameras-more', `${whole(status.viewers)} viewers · ${whole(status.connections)} connections`);
    this.#figure('bits', bitsPerSecond(now.bits));
    this.#text('bits-more', `${rate(now.packets).text} packets/s · ${rate(now.drops).text} dropped/s`);
    this.#figure('registrations', rate(now.registrations));
    this.#text('registrations-more', `${whole(status.registrations)} since the start`);
    this.#figure('waiting', whole(now.waiting));
    const rampSeconds = Math.max(0, ...Object.values(admission.rampSeconds));
    const queue = rampSeconds > 0 ? `ramp of ${duration(rampSeconds)}` : `${whole(admission.inFlight)} verified now`;
    this.#text('waiting-more', `${queue} · ${rate(now.sentAway).text} sent away/s`);
    this.#figure('refusals', rate(now.refusals));
    this.#text('refusals-more', `${whole(sum(status.refusals))} since the start`);
    this.#figure('lag', milliseconds(process.loopLagMs));
    this.#text('lag-more', 'late');
    this.#figure('memory', bytes(process.residentBytes));
    this.#text('memory-more', `${inWords(bytes(process.heapBytes))} of it heap`);
  }

  #levers({ switches, quarantined, revocations }: StatusAnswer): void {
    const items = Object.entries(switches ?? {}).map(([feature, position]) => {
      const item = this.#page.createElement('li');
      item.dataset.is = { on: 'good', off: 'bad', 'off-for': 'warn' }[position];
      const word = this.#page.createElement('b');
      word.textContent = position === 'off-for' ? 'off for some' : position;
      item.append(`${feature} `, word);
      return item;
    });
    this.#list('switches', items.length > 0 ? items : [this.#none('None are offered.')]);
    this.#text('quarantined', whole(quarantined));
    this.#text('revocations', whole(revocations));
  }

  #record(audit: StatusAnswer['audit']): void {
    const word = audit === null ? 'Not kept' : audit.writable ? 'Written' : 'Cannot be written';
    const place = this.#text('audit', word);
    if (place !== null) place.dataset.is = audit?.writable === true ? 'good' : 'bad';
    this.#text('audit-entries', audit?.entries == null ? '–' : whole(audit.entries));
    this.#text('audit-pending', audit?.pending == null ? '–' : whole(audit.pending));
    this.#text('audit-head', audit?.head?.slice(0, 16) ?? '–');
  }

  #workers({ media: { workers }, atMs }: StatusAnswer): void {
    const seconds = (atMs - (this.#before?.atMs ?? atMs)) / 1000;
    const rows = workers.map(({ wires, packets, bytes: all, drops }, at) => {
      const grown = Math.max(0, all - (this.#before?.media.workers[at]?.bytes ?? all));
      const speed = seconds > 0 ? (8 * grown) / seconds : 0;
      const row = this.#page.createElement('tr');
      const cells = [`${at + 1}`, whole(wires), inWords(bitsPerSecond(speed)), compact(packets), compact(drops)];
      row.append(
        ...cells.map((text) => {
          const cell = this.#page.createElement('td');
          cell.textContent = text;
          return cell;
        }),
      );
      return row;
    });
    this.#list('workers', rows);
  }

  /** The largest first; what is beyond the eighth is one line. */
  #bars(name: string, tally: Tally): void {
    const all = Object.entries(tally)
      .filter(([, count]) => count > 0)
      .sort(([, a], [, b]) => b - a);
    const rest = all.slice(barsMax).reduce((more, [, count]) => more + count, 0);
    const shown: [string, number][] = [
      ...all.slice(0, barsMax),
      ...(rest > 0 ? [['others', rest] as [string, number]] : []),
    ];
    const most = Math.max(1, ...shown.map(([, count]) => count));
    const items = shown.map(([word, count]) => {
      const item = this.#page.createElement('li');
      const [label, value] = [this.#page.createElement('span'), this.#page.createElement('span')];
      label.textContent = word;
      value.textContent = whole(count);
      const meter = this.#page.createElement('meter');
      [meter.min, meter.max, meter.value] = [0, most, count];
      meter.setAttribute('aria-hidden', 'true');
      item.append(label, value, meter);
      return item;
    });
    this.#list(name, items.length > 0 ? items : [this.#none('None since the start.')]);
  }

  #none(words: string): HTMLElement {
    const item = this.#page.createElement('li');
    item.className = 'none';
    item.textContent = words;
    return item;
  }

  #list(name: string, items: readonly HTMLElement[]): void {
    const place = this.#page.querySelector(`[data-list="${name}"]`) ?? this.#page.getElementById(name);
    place?.replaceChildren(...items);
  }

  #figure(name: string, figure: Figure | string): void {
    const place = this.#page.querySelector(`[data-figure="${name}"]`);
    if (place === null) return;
    if (typeof figure === 'string') {
      place.textContent = figure;
      return;
    }
    const unit = this.#page.createElement('small');
    unit.textContent = figure.unit;
    place.replaceChildren(figure.text, unit);
  }

  #text(name: string, words: string): HTMLElement | null {
    const place = this.#page.querySelector<HTMLElement>(`[data-figure="${name}"]`);
    if (place !== null && place.textContent !== words) place.textContent = words;
    return place;
  }
}

function banner(mood: Mood, words: string): HTMLElement {
  const made = document.createElement('p');
  made.className = `banner ${mood}`;
  if (mood === 'bad') made.setAttribute('role', 'alert');
  made.textContent = words;
  return made;
}

function sum(tally: Tally): number {
  return Object.values(tally).reduce((all, count) => all + count, 0);
}

function timeOf(atMs: number): string {
  return new Date(atMs).toLocaleTimeString([], { hour12: false });
}
