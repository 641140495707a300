import { LatchkeyError, startThread } from '../base/index.ts';
import type { Head } from './heads.ts';
import type { NamePart } from './records.ts';
import { type Verdict, type VerifyPlace, verifyStore } from './verify.ts';
import { type Answer, ask } from './viewings.ts';

/** What can be asked of the record while it is being written. */
export type Question =
  | {
      readonly kind: 'saw';
      readonly file: string;
      readonly part: NamePart;
      readonly name: string;
      readonly fromMs: number;
      readonly toMs: number;
    }
  | { readonly kind: 'verify'; readonly place: VerifyPlace; readonly wanted: readonly Head[] };

export function answerTo(question: Question): Answer | Verdict {
  if (question.kind === 'verify') return verifyStore(question.place, question.wanted);
  const { file, part, name, fromMs, toMs } = question;
  return ask(file, part, name, fromMs, toMs);
}

const queryThread = new URL('./query-thread.ts', import.meta.url);

/** Answers in a thread of its own. Rejects with `audit-unavailable` where the record cannot be read. */
export async function askInThread<Answered extends Answer | Verdict>(question: Question): Promise<Answered> {
  const answered = Promise.withResolvers<Answered>();
  const thread = startThread<never, Answered>('the thread of a question', queryThread, question, {
    message: answered.resolve,
    gone: (death) => answered.reject(new LatchkeyError('audit-unavailable', death.message, { cause: death })),
  });
  try {
    return await answered.promise;
  } finally {
    thread.destroy();
    await thread.gone;
  }
}
