import assert from 'node:assert/strict';
import { limits } from './limits.ts';

// How the bounds depend on each other: a process whose bounds contradict each other does not start.
assert(limits.sdpBytesMax < limits.messageBytesMax, 'an SDP fits into a message, with room for its JSON');
assert(limits.messageBytesMax < limits.sendBufferBytesMax, 'a slow reader can be sent at least one message');
assert(limits.tokenBytesMax < limits.messageBytesMax, 'a token fits into a message');
assert(limits.tokenBytesMax < limits.requestHeaderBytesMax, 'a token fits into a header, with room for the others');
assert(limits.tokenBytesMax + limits.ticketCharactersMax < limits.requestHeaderBytesMax, 'a ticket fits beside it');
assert(
  limits.tokenBytesMax + limits.ticketCharactersMax + limits.firstMessageCharactersMax < limits.requestHeaderBytesMax,
  'and so does a first message',
);
assert(
  limits.reconnectMsMax + limits.upgradeMsMax + limits.registerMsMax < limits.cameraAwayMsMax,
  'a camera that comes back at its slowest finds its live views',
);
assert(limits.overloadRetrySecondsMin < limits.overloadRetrySecondsMax, 'a fleet is spread over some time');
assert(limits.verificationsLaggingMax + limits.verificationsInFlightMax < limits.connectionsUnregisteredMax);
assert(limits.keySetFetchMsMax < limits.verificationMsMax, 'keys that cannot be fetched are told as what they are');
assert(
  limits.verificationMsMax < limits.admissionWaitMsMax,
  'who waits behind verifications that are not done has a turn before it is sent away',
);
assert(limits.admissionComfortMs < limits.admissionWaitMsMax, 'who was let wait has its turn before it is sent away');
assert(limits.admissionWaitMsMax < limits.registerMsMax && limits.admissionWaitMsMax < limits.upgradeMsMax);
assert(limits.servedPerSecondMin < limits.servedPerSecondFirst && limits.servedRiseMs < limits.servedFallMs);
assert(limits.servedWindowMsMin < limits.servedWindowMsMax && limits.servedWindowMsMax < limits.admissionComfortMs);
assert(limits.rampEarlyMsMax < limits.rampJitterMs && limits.rampJitterMs < limits.rampMsMax);
assert(limits.rampMsMax + limits.rampJitterMs <= 1_000 * limits.retryAfterSecondsMax, 'our own ends wait as told');
assert(limits.connectionsMax <= limits.rampToldMax, 'each connection of a fleet can be told a time of its own');
assert(limits.sessionsPerDeviceMax <= limits.sessionsMax && limits.sessionsPerSubjectMax <= limits.sessionsMax);
assert(limits.keySetFetchMsMax < limits.keySetRefetchMsMin, 'a fetch of keys is over before the next one may begin');
assert(limits.keySetRefetchMsMin < limits.keySetFreshMsMax, 'keys that have aged are fetched again at once');
assert(limits.rsaModulusBitsMin < limits.rsaModulusBitsMax);
assert(limits.sqliteBusyMsMax < limits.ownershipAnswerMsMax, 'a locked database answers before its answer is late');
assert(limits.sharedAnswerMsMax < limits.ownershipAnswerMsMax, 'a dead cache leaves time to ask the source');
assert(limits.sharedWritesInFlightMax < limits.sharedCommandsInFlightMax, 'a question finds a place among answers');
assert(limits.sharedEntryCharactersMax < limits.sharedReplyBytesMax, 'an entry fits into a reply');
assert(limits.sharedReconnectMsFirst < limits.sharedReconnectMsMax);
assert(limits.sharedDistrustMsFirst <= limits.sharedDistrustMsMax);
assert(limits.sharedDistrustMsMax <= limits.timerMsMax);
assert(2 * limits.postgresLookMs < 1_000 && 2 * limits.sqliteLookMs < 1_000, 'a change is seen within a second');
assert(limits.sqliteChangesReadMax <= limits.sqliteChangesKeptMax);
assert(limits.postgresConnectMsMax < limits.ownershipAnswerMsMax);
assert(
  limits.postgresStatementMsMax < limits.ownershipAnswerMsMax,
  'a slow database gives up before its answer is late',
);
assert(limits.serviceAnswerMsMax < limits.ownershipAnswerMsMax);
assert(limits.devicesPerTokenMax <= limits.devicesPerSubjectMax);
assert(
  limits.reproofsInFlightMax < limits.ownershipQuestionsInFlightMax,
  'asking again leaves room for those who come',
);
assert(limits.reproofRetryMsMax < limits.reproofMsMax && limits.ownershipAnswerMsMax < limits.reproofMsMax);
assert(limits.messagesPerSecondMax <= limits.messagesBurstMax);
assert(limits.transactionMsMax < limits.sideSilentMsMax, 'a transaction is over before its side counts as silent');
assert(limits.ownershipAnswerMsMax < limits.cameraAnswerMsMax);
assert(limits.addressQuietMsMax < limits.sideSilentMsMax, 'other addresses are tried before a side counts as silent');
assert(limits.heldDatagramBytesMax <= limits.datagramBytesMax && limits.stunMessageBytesMax <= limits.datagramBytesMax);
assert(limits.datagramBytesMax <= limits.batchCopiesBytesMax, 'the largest datagram can be copied');
assert(limits.sessionsMax <= limits.wiresPerWorkerMax, 'one worker can have all sessions');
assert(limits.workerAnswerMsMax < limits.cameraAnswerMsMax);
assert(limits.restingBatchesPerMsMin < limits.restlessBatchesPerMsMax, 'a thread does not go to and fro');
assert(
  limits.restingBatchesPerMsMin * limits.restUsMax < 1_000 - limits.restUsMax,
  'a thread that rests takes as many batches as keep it resting',
);
assert(limits.restUsMax < 1_000 * limits.receiveWaitMs, 'a rest is short beside a wait');
assert(limits.batchMessagesMax <= limits.batchPiecesMax, 'each message has a piece');
assert(limits.policedBurstBytesMin >= limits.datagramBytesMax, 'a full bucket takes any datagram');
assert(
  limits.policedBurstPacketsMin * limits.rtpPayloadBytesMax >= limits.policedBurstBytesMin,
  'a burst of the least bytes fits into the least packets',
);
assert(
  Number.isSafeInteger(limits.policedBitsPerSecondMax * limits.policedBurstMs),
  'a full bucket is counted without rounding',
);
assert(limits.announcedAddressesMax <= limits.candidatesPerSessionMax);
assert(limits.stunMessageBytesMax <= limits.tcpFrameBytesMax && limits.heldDatagramBytesMax <= limits.tcpFrameBytesMax);
assert(limits.tcpFrameBytesMax < 2 ** 16 && limits.tcpFrameBytesMax <= limits.datagramBytesMax, 'a frame has 16 bits');
assert(limits.tcpConnectionsUnclaimedMax < limits.tcpConnectionsMax, 'strangers leave room for those who are known');
assert(limits.tcpConnectionsUnclaimedPerAddressMax < limits.tcpConnectionsUnclaimedMax, 'no address holds all places');
assert(limits.tcpUnclaimedMsMax < limits.sideSilentMsMax, 'a stranger is waited for less long than a side');
assert(limits.tcpOnTheWayMediaBytesMax < limits.tcpOnTheWayBytesMax, 'media leaves room for what steers it');
assert(limits.tcpFrameBytesMax < limits.tcpUnclaimedBytesMax, 'one check of any size can be brought');
assert(limits.tcpFrameBytesMax < limits.tcpSocketBytesMax && limits.tcpSocketBytesMax < limits.tcpQueueBytesMax);
assert(
  limits.tcpConnectionsMax * (limits.tcpSocketBytesMax + limits.tcpQueueBytesMax) <= 2 ** 30,
  'readers that all stand still cost a gigabyte at most',
);
assert(
  (limits.connectionsMax / limits.keepAlivePeersPerSweepMax) * limits.keepAliveRestMs < limits.keepAliveMs,
  'all peers can be pinged within a period',
);
assert(limits.connectionsUnregisteredMax < limits.connectionsMax);
assert(limits.connectionsUnregisteredPerAddressMax < limits.connectionsUnregisteredMax, 'no address holds all places');
assert(limits.cameraAnswerMsMax < limits.callMsMax, 'a call lasts longer than the camera’s answer that it waits for');
assert(limits.handshakeMessageBytesMax < limits.handshakeBytesMax);
assert(limits.frameBytesMax < limits.framesHeldBytesMax);
assert(limits.frameBytesMax / limits.rtpPayloadBytesMax < limits.packetsWaitingMax, 'the largest frame can be queued');
assert(
  limits.keySetFetchMsMax + limits.postgresConnectMsMax < limits.doctorCheckMsMax,
  'a look waits for what it looks at',
);
assert(limits.tracesPerBatchMax <= limits.tracesWaitingMax, 'a whole batch can wait');
assert(limits.doctorFreeBytesMin < limits.doctorRoomBytesMin);
assert(limits.stormCamerasMax <= limits.connectionsMax, 'a storm asks no more than a relay can take');
assert(limits.stormAskMsMax > limits.callMsMax, 'an ask lasts longer than the call in it');
assert(limits.reconnectMsFirst < limits.reconnectMsMax && limits.reconnectMsMax < limits.reconnectRefusedMsMax);
assert(limits.endedAtOnceMax < limits.reviewedAtOnceMax);
assert(limits.switchedOffRetrySecondsMin < limits.switchedOffRetrySecondsMax);
assert(limits.switchedOffRetrySecondsMax <= limits.retryAfterSecondsMax, 'our own cameras wait as told');
assert(limits.cameraAheadMsMax > 1_000, 'a grant ends up to a second before its live view');
assert(limits.sessionsPerSubjectMax <= limits.connectionsPerSubjectMax, 'each live view may have its own connection');
assert(limits.callMsMax < limits.viewerIdleMsMax, 'a connection outlasts the call that is under way on it');
assert(
  limits.auditPendingMax - limits.sessionsMax >= limits.auditBatchRecordsMax,
  'the end of each live view has room',
);
assert(
  limits.auditCommitMsMax < limits.cameraAnswerMsMax,
  'who waits for the record hears of it before the camera is late',
);
assert(limits.auditAliveMs < limits.auditCommitMsMax && limits.auditRetryMs < limits.auditCommitMsMax);
assert(limits.auditRefusalsPerSubjectMax < limits.auditRefusalsJoinedMax, 'nobody fills the table of refusals alone');
assert(limits.adminSwitchDevicesMax <= limits.switchDevicesMax);
assert(
  (limits.adminSwitchDevicesMax + limits.switchPrefixesMax) * (limits.deviceIdCharactersMax + 4) <
    limits.adminBodyBytesMax,
  'the longest list of a switch fits into a request, with the quotes and the space of its JSON',
);
assert(
  limits.adminCredentialsMax * (limits.adminCredentialNameCharactersMax + limits.adminCredentialCharactersMax + 2) <
    2 * limits.secretFileBytesMax,
);
assert(limits.adminConnectionsPerAddressMax < limits.adminConnectionsMax, 'one address leaves room for others');
assert(limits.adminSightingsMax < limits.auditAnswersMax, 'the admin port can tell that there are more');
assert(limits.adminBegunMsMax < 500, 'a slow disk leaves room in the second in which a lever ends what is live');
assert(limits.adminFailuresBurstMax <= limits.adminFailuresPerMinuteMax);
assert(limits.drainTickMs < limits.drainCameraAheadMs && limits.drainCameraAheadMs < limits.cameraAwayMsMax);
assert(limits.drainRetrySecondsMax <= limits.retryAfterSecondsMax, 'our own ends wait as told');
assert(limits.drainShortSeconds < limits.drainShortSecondsMax && limits.drainShortSecondsMax < limits.drainSecondsMax);
