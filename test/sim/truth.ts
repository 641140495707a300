import { Thrown } from './thrown.ts';

/** One time during which a person may see a camera. */
interface Span {
  readonly fromMs: number;
  untilMs: number;
  readonly role: 'owner' | 'viewer';
  /** When it ends by itself, as the source says it. */
  readonly notAfterMs: number | undefined;
}

/** Who may see which camera, and who might when: the world's own table, which no code under test can read but through a source. */
export class Truth {
  /** Counts the changes. */
  revision = 0;
  /** What the operator has thrown. */
  readonly thrown = new Thrown();
  readonly #listeners = new Set<(person: string, camera: string) => void>();
  readonly #spans = new Map<string, Span[]>();
  readonly #cameras = new Map<string, string[]>();

  grant(person: string, camera: string, nowMs: number, role: Span['role'], notAfterMs?: number): void {
    this.#close(person, camera, nowMs);
    const name = `${person} ${camera}`;
    const spans = this.#spans.get(name) ?? [];
    spans.push({ fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY, role, notAfterMs });
    this.#spans.set(name, spans);
    const cameras = this.#cameras.get(person) ?? [];
    if (!cameras.includes(camera)) this.#cameras.set(person, [...cameras, camera].sort());
    this.#changed(person, camera);
  }

  revoke(person: string, camera: string, nowMs: number): void {
    this.#close(person, camera, nowMs);
    this.#changed(person, camera);
  }

  /** Tells of each change when it has happened. Returns what ends it. */
  onChange(listener: (person: string, camera: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Since when a person may not see a camera that they might see before. Undefined where they may, and where they never might. */
  lostMs(person: string, camera: string, nowMs: number): number | undefined {
    const span = this.#spans.get(`${person} ${camera}`)?.at(-1);
    const untilMs = Math.min(span?.untilMs ?? Number.POSITIVE_INFINITY, span?.notAfterMs ?? Number.POSITIVE_INFINITY);
    return untilMs <= nowMs ? untilMs : undefined;
  }

  /** What a source that errs in nothing would answer. */
  grantNow(person: string, camera: string, nowMs: number): Pick<Span, 'role' | 'notAfterMs'> | undefined {
    const span = this.#spans.get(`${person} ${camera}`)?.at(-1);
    if (span === undefined || span.untilMs <= nowMs) return undefined;
    return span.notAfterMs !== undefined && span.notAfterMs <= nowMs ? undefined : span;
  }

  /** The cameras that a person may see now. */
  camerasOf(person: string, nowMs: number): string[] {
    return (this.#cameras.get(person) ?? []).filter((camera) => this.grantNow(person, camera, nowMs) !== undefined);
  }

  /** The cameras that a person might see once and may not now. */
  formerly(person: string, nowMs: number): string[] {
    return (this.#cameras.get(person) ?? []).filter((camera) => this.grantNow(person, camera, nowMs) === undefined);
  }

  /** Whether an answer that was right at some time since `sinceMs` says that the person may see the camera at `nowMs`. */
  allowed(person: string, camera: string, sinceMs: number, nowMs: number): boolean {
    return (this.#spans.get(`${person} ${camera}`) ?? []).some(
      ({ fromMs, untilMs, notAfterMs }) =>
        fromMs <= nowMs && untilMs > sinceMs && (notAfterMs === undefined || notAfterMs > nowMs),
    );
  }

  /** Whether the person has ever been an owner of the camera. */
  everOwned(person: string, camera: string): boolean {
    return (this.#spans.get(`${person} ${camera}`) ?? []).some(({ role }) => role === 'owner');
  }

  #changed(person: string, camera: string): void {
    this.revision += 1;
    for (const listener of this.#listeners) listener(person, camera);
  }

  #close(person: string, camera: string, nowMs: number): void {
    const span = this.#spans.get(`${person} ${camera}`)?.at(-1);
    if (span !== undefined && span.untilMs > nowMs) span.untilMs = nowMs;
  }
}
