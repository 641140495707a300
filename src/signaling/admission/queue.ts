/** First come, first served. Whoever leaves before its turn leaves a gap, and gaps never outnumber the places. */
export class Queue<Member> {
  #placesMax: number;
  readonly #members = new Set<Member>();
  #line: Member[] = [];
  #head = 0;

  constructor(placesMax: number) {
    this.#placesMax = placesMax;
  }

  /** There are so many places from here on. Who has one keeps it. */
  useBound(placesMax: number): void {
    this.#placesMax = placesMax;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Who comes next. */
  get first(): Member | undefined {
    for (; this.#head < this.#line.length; this.#head++) {
      const member = this.#line[this.#head];
      if (member !== undefined && this.#members.has(member)) return member;
    }
    return undefined;
  }

  /** False: there is no place left. */
  add(member: Member): boolean {
    if (this.#members.size >= this.#placesMax) return false;
    if (this.#line.length >= 2 * this.#placesMax) {
      this.#line = this.#line.slice(this.#head).filter((each) => this.#members.has(each));
      this.#head = 0;
    }
    this.#members.add(member);
    this.#line.push(member);
    return true;
  }

  /** False: it had no place. */
  delete(member: Member): boolean {
    const had = this.#members.delete(member);
    if (this.#members.size === 0) {
      this.#line = [];
      this.#head = 0;
    }
    return had;
  }
}
