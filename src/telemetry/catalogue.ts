import { values } from './label-values.ts';

/** A metric that is told each event. Its labels have the values of a closed set each, and every series is there from the start. */
export interface Told {
  /** What it counts, and where that is not plain, what to do about it. */
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Buckets for what takes milliseconds, and for what somebody waits for. In seconds. */
const brief = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] as const;
const patient = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** One line for each counter. */
export const counters = {
  latchkey_refusals_total: {
    help: 'Requests that were refused, by the code of the table of errors and by place.',
    labels: { code: values.errorCodes, where: values.places },
  },
  latchkey_registrations_total: { help: 'Cameras that registered.', labels: {} },
  latchkey_registrations_ended_total: {
    help: 'Registrations that ended.',
    labels: { reason: values.unregisterReasons },
  },
  latchkey_sessions_opened_total: {
    help: 'Live views that were opened, by how they are set up.',
    labels: { flow: values.flows },
  },
  latchkey_sessions_ended_total: {
    help: 'Live views that ended, by what the viewer was told.',
    labels: { reason: values.endReasons },
  },
  latchkey_sessions_moved_total: {
    help: 'Live views that went on with a newer connection of their camera.',
    labels: {},
  },
  latchkey_ownership_answers_total: {
    help: 'Answers about ownership, by who gave them; unavailable: nobody could say, and the viewer was refused.',
    labels: { outcome: values.answers, from: values.answerFrom },
  },
  latchkey_ownership_source_faults_total: {
    help: 'Questions that the source of ownership left open, and times when it was not heard: see to the source.',
    labels: { reason: values.sourceFaults },
  },
  latchkey_reproofs_total: {
    help: 'Live views that were proven again, because their grant may have changed.',
    labels: { outcome: values.reproofs },
  },
  latchkey_alarms_total: {
    help: 'Answers and messages that did not belong to their question, none of which was believed. Each is worth a look.',
    labels: { kind: values.alarms },
  },
  latchkey_shared_cache_questions_total: {
    help: 'Questions for which there was no answer in this process, by what the shared cache made of them.',
    labels: { outcome: values.sharedOutcomes },
  },
  latchkey_shared_cache_changes_total: {
    help: 'Connections to the shared cache that were made or lost, and trust in it that was lost or given back.',
    labels: { state: values.sharedStates },
  },
  latchkey_key_sets_total: {
    help: 'Key sets of issuers that were taken, or could not be: then the old ones stay, and new keys are not known.',
    labels: { outcome: values.keySets },
  },
  latchkey_keys_ignored_total: { help: 'Keys in a set that are of no use here.', labels: { reason: values.keyFaults } },
  latchkey_tickets_made_total: { help: 'Reconnect tickets that were given to cameras.', labels: {} },
  latchkey_tickets_accepted_total: { help: 'Cameras that came back by their ticket.', labels: {} },
  latchkey_tickets_refused_total: {
    help: 'Tickets that were not believed; the token beside them was verified instead.',
    labels: { reason: values.ticketRefusals },
  },
  latchkey_ticket_keys_total: {
    help: 'Keys of tickets that were changed, taken from their file, or could not be.',
    labels: { outcome: values.ticketKeys },
  },
  latchkey_connections_refused_total: {
    help: 'Connections and requests that the server refused before reading them.',
    labels: { reason: values.transportRefusals },
  },
  latchkey_connections_dropped_total: {
    help: 'WebSockets that broke a bound or a rule.',
    labels: { reason: values.transportDrops },
  },
  latchkey_messages_ignored_total: {
    help: 'Messages that were late, repeated or for nobody.',
    labels: { what: values.ignoredKinds },
  },
  latchkey_admission_refused_total: {
    help: 'Requests that were not let in, and told when to come back.',
    labels: { lane: values.lanes, reason: values.notAdmitted },
  },
  latchkey_audit_records_total: {
    help: 'Records that were written to the audit, by what they say.',
    labels: { kind: values.auditRecords },
  },
  latchkey_audit_failures_total: {
    help: 'Times when the audit could not be written: see to the disk and the data directory.',
    labels: {},
  },
  latchkey_drain_moves_total: {
    help: 'Connections that were told to come back elsewhere, since the relay was about to end.',
    labels: { kind: values.drainMoves },
  },
  latchkey_reloads_total: {
    help: 'Settings that were read again, and taken, or refused and left as they were: the log says why.',
    labels: { outcome: values.reloads },
  },
  latchkey_revocations_total: {
    help: 'What an operator has taken back, by what it was of.',
    labels: { of: values.revocations },
  },
  latchkey_admin_requests_total: {
    help: 'Requests to the admin API, by what was asked and what came of it; stranger: without a credential that is known.',
    labels: { operation: values.adminOperations, outcome: values.adminOutcomes },
  },
  latchkey_trace_spans_total: {
    help: 'Spans that were sent, could not be sent, or had no room to wait: see to the receiver of traces.',
    labels: { outcome: values.spans },
  },
  latchkey_internal_errors_total: {
    help: 'Faults of the relay itself. The log has each; none is expected.',
    labels: {},
  },
} as const satisfies Readonly<Record<string, Told>>;

/** One line for each histogram. */
export const histograms = {
  latchkey_event_loop_lag_seconds: {
    help: 'How late the event loop is, ten times a second.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    labels: {},
  },
  latchkey_admission_wait_seconds: {
    help: 'From a request to the beginning of its verification.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    labels: { lane: values.lanes },
  },
  latchkey_verification_seconds: {
    help: 'How long the verification of a token took, by whose it proved to be. Long ones wait for an issuer’s keys.',
    buckets: brief,
    labels: { outcome: values.verified },
  },
  latchkey_answer_seconds: {
    help: 'From a viewer’s request to the camera’s answer in its hands.',
    buckets: patient,
    labels: {},
  },
  latchkey_first_media_seconds: {
    help: 'From a viewer’s request to the first packet of media from the camera.',
    buckets: patient,
    labels: {},
  },
  latchkey_ownership_answer_seconds: {
    help: 'How long an answer about ownership took, by who gave it.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    labels: { from: values.answerFrom, outcome: values.answers },
  },
  latchkey_relay_latch_to_media_seconds: {
    help: 'From the latch of the second side to the first packet of media.',
    buckets: patient,
    labels: {},
  },
  latchkey_relay_loss_ratio: {
    help: 'Of each live view the share of a side’s RTP packets that never came, when it is over.',
    buckets: [0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    labels: { side: values.sides },
  },
  latchkey_relay_jitter_seconds: {
    help: 'Of each live view the interarrival jitter of a side’s RTP packets (RFC 3550), when it is over.',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    labels: { side: values.sides },
  },
  latchkey_relay_longest_silence_seconds: {
    help: 'Of each live view the longest time without RTP packets of a side that had sent some, when it is over.',
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
    labels: { side: values.sides },
  },
  latchkey_audit_commit_seconds: {
    help: 'From a batch of records to when the disk has them; a live view waits for it before it begins.',
    buckets: brief,
    labels: {},
  },
  latchkey_scrape_seconds: {
    help: 'How long writing these metrics kept the event loop, each time before this one.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1],
    labels: {},
  },
} as const satisfies Readonly<Record<string, Told & { readonly buckets: readonly number[] }>>;

export type CounterName = keyof typeof counters;
export type HistogramName = keyof typeof histograms;

type LabelsIn<Line extends Told> = {
  readonly [Label in Extract<keyof Line['labels'], string>]: Line['labels'][Label][number];
};
/** The labels of one counter, each with the values that it can have. */
export type CounterLabels<Name extends CounterName> = LabelsIn<(typeof counters)[Name]>;
export type HistogramLabels<Name extends HistogramName> = LabelsIn<(typeof histograms)[Name]>;
/** Labels as the last parameter: none where a metric has none. */
export type Given<Labels> = keyof Labels extends never ? [] : [labels: Labels];

/** Every combination of the values of these labels; one that is empty where there are no labels. */
export function combinationsOf({ labels }: Told): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (all, [label, possible]) => all.flatMap((before) => possible.map((value) => ({ ...before, [label]: value }))),
    [{}],
  );
}
