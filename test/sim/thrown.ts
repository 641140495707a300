import type { Feature } from '../../src/levers/index.ts';
import type { Term, View } from './view.ts';

/** A token, as far as a lever can be against it. */
export interface Shown {
  /** When the youngest token that may have been used was issued; undefined where nobody knows. */
  readonly issuedMs: number | undefined;
  /** Its id, where it was this one and no other. */
  readonly tokenId: string | undefined;
}

/** What the operator of a world has thrown, by the world's own count: no code under test can read it. Each lever counts at once. */
export class Thrown {
  readonly #signedOut = new Map<string, number>();
  readonly #tokens = new Set<string>();
  readonly #quarantined = new Set<string>();
  readonly #off = new Map<Feature, (camera: string) => boolean>();
  #allMs = Number.NEGATIVE_INFINITY;

  signOut(name: string, nowMs: number): void {
    this.#signedOut.set(name, nowMs);
  }

  signOutAll(nowMs: number): void {
    this.#allMs = nowMs;
  }

  takeBack(tokenId: string): void {
    this.#tokens.add(tokenId);
  }

  quarantine(camera: string, on: boolean): void {
    if (on) this.#quarantined.add(camera);
    else this.#quarantined.delete(camera);
  }

  /** `undefined` is on for all. */
  switch(feature: Feature, off: ((camera: string) => boolean) | undefined): void {
    if (off === undefined) this.#off.delete(feature);
    else this.#off.set(feature, off);
  }

  isOff(feature: Feature, camera: string): boolean {
    return this.#off.get(feature)?.(camera) === true;
  }

  isVoid(name: string, { issuedMs, tokenId }: Shown): boolean {
    if (tokenId !== undefined && this.#tokens.has(tokenId)) return true;
    const sinceMs = Math.max(this.#allMs, this.#signedOut.get(name) ?? Number.NEGATIVE_INFINITY);
    return issuedMs !== undefined && issuedMs <= sinceMs;
  }

  /** Whether a camera whose tokens are such may not be registered. */
  bans(camera: string, shown: Shown): boolean {
    return this.#quarantined.has(camera) || this.isOff('registration', camera) || this.isVoid(camera, shown);
  }

  /** Whether something was thrown against a live view by such a token; `owned`: whoever watches may be an owner. */
  opposes({ person, camera, via }: View, term: Term, owned: boolean): boolean {
    if (this.isVoid(person, term) || this.#quarantined.has(camera) || this.isOff('live-view', camera)) return true;
    return (!owned && this.isOff('sharing', camera)) || (via === 'whep' && this.isOff('whep', camera));
  }
}
