import assert from 'node:assert/strict';

/**
 * Every bound of Latchkey that is not an operator's setting, with its unit last in its name.
 * A table, queue, buffer, retry or wait that has no line here does not exist.
 */
export const limits = {
  // ids and tokens
  deviceIdCharactersMax: 128,
  subjectIdCharactersMax: 256,
  tokenBytesMax: 8 * 1024,
  issuersMax: 16,
  keysPerIssuerMax: 64,
  keySetBytesMax: 256 * 1024,
  keySetFetchMsMax: 5_000,
  keySetRefetchMsMin: 30_000,

  // ownership
  ownershipAnswerMsMax: 3_000,
  ownershipQuestionsInFlightMax: 1_024,
  cacheEntriesMax: 100_000,
  devicesPerSubjectMax: 1_000,

  // sessions
  sessionsMax: 50_000,
  sessionsPerDeviceMax: 16,
  sessionsPerSubjectMax: 32,
  endedSessionsRememberedMax: 1_000,

  // signaling
  connectionsMax: 200_000,
  connectionsUnregisteredMax: 4_096,
  messageBytesMax: 64 * 1024,
  sdpBytesMax: 32 * 1024,
  sdpMediaSectionsMax: 16,
  sdpLinesMax: 1_000,
  sdpLineCharactersMax: 4_096,
  fingerprintsMax: 8,
  sendBufferBytesMax: 1024 * 1024,
  messagesPerSecondMax: 50,
  messagesBurstMax: 100,
  registerMsMax: 10_000,
  cameraAnswerMsMax: 10_000,
  viewerAnswerMsMax: 10_000,
  callsInFlightPerConnectionMax: 64,
  candidatesPerSessionMax: 64,
  requestBodyMsMax: 10_000,
  keepAliveMs: 30_000,

  // the sealed wire
  iceUfragCharactersMax: 256,
  icePasswordCharactersMin: 22,
  icePasswordCharactersMax: 256,
  datagramBytesMax: 65_507,
  stunMessageBytesMax: 2_048,
  addressesPerSideMax: 8,
  heldDatagramsPerSideMax: 8,
  heldDatagramBytesMax: 1_500,
  transactionsPerWireMax: 64,
  transactionMsMax: 10_000,
  wiresPerUsernameMax: 16,
  sideSilentMsMax: 30_000,
  streamsPerSideMax: 16,
} as const;

assert(limits.sdpBytesMax < limits.messageBytesMax, 'an SDP fits into a message, with room for its JSON');
assert(limits.messageBytesMax < limits.sendBufferBytesMax, 'a slow reader can be sent at least one message');
assert(limits.tokenBytesMax < limits.messageBytesMax, 'a token fits into a message');
assert(limits.sessionsPerDeviceMax <= limits.sessionsMax && limits.sessionsPerSubjectMax <= limits.sessionsMax);
assert(limits.messagesPerSecondMax <= limits.messagesBurstMax);
assert(limits.transactionMsMax < limits.sideSilentMsMax, 'a transaction is over before its side counts as silent');
assert(limits.ownershipAnswerMsMax < limits.cameraAnswerMsMax);
assert(limits.heldDatagramBytesMax <= limits.datagramBytesMax && limits.stunMessageBytesMax <= limits.datagramBytesMax);
assert(limits.connectionsUnregisteredMax < limits.connectionsMax);
