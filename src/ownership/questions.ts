import { type Clock, LatchkeyError, limits, type Span, within } from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';
import { joinFields } from './fields.ts';
import type { OwnershipQuestion } from './source.ts';

type Ask<Answer> = (
  question: OwnershipQuestion,
  signal: AbortSignal,
  viewer: VerifiedViewer,
  span: Span,
) => Promise<Answer>;

/**
 * The questions to a source that are under way: one at a time for each subject and device, `limits.ownershipAnswerMsMax` for
 * each, and `limits.ownershipQuestionsInFlightMax` of all. Whatever keeps a source from answering is `source-unavailable`;
 * a refusal stays `not-allowed`.
 */
export class Questions<Answer> {
  readonly #clock: Clock;
  readonly #ask: Ask<Answer>;
  readonly #flights = new Map<string, Promise<Answer>>();
  #inFlight = 0;

  constructor(clock: Clock, ask: Ask<Answer>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Whoever joins a question is not traced into it: what it takes is a part of what asked first. */
  ask(question: OwnershipQuestion, viewer: VerifiedViewer, span: Span): Promise<Answer> {
    const name = joinFields([question.subject, question.device]);
    const flying = this.#flights.get(name);
    if (flying !== undefined) return flying;
    const flight = this.once((signal) => this.#ask(question, signal, viewer, span)).finally(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    });
    this.#flights.set(name, flight);
    return flight;
  }

  /** Those that are under way get their answers; nobody joins them any more, since what they ask of may have changed. */
  partFromThoseUnderWay(): void {
    this.#flights.clear();
  }

  /** A question that nobody joins. */
  async once<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#inFlight >= limits.ownershipQuestionsInFlightMax) {
      throw new LatchkeyError('source-unavailable', 'too many questions');
    }
    this.#inFlight += 1;
    try {
      return await within(this.#clock, limits.ownershipAnswerMsMax, work);
    } catch (thrown) {
      if (thrown instanceof LatchkeyError && thrown.code === 'not-allowed') throw thrown;
      throw new LatchkeyError('source-unavailable', undefined, { cause: thrown });
    } finally {
      this.#inFlight -= 1;
    }
  }
}
