import { operatorLimits } from './operator-limits.ts';

/**
 * Every bound of Latchkey that is not an operator's setting, with its unit last in its name.
 * A table, queue, buffer, retry or wait that has no line here does not exist.
 */
export const limits = {
  ...operatorLimits,

  // ids and tokens
  deviceIdCharactersMax: 128,
  subjectIdCharactersMax: 256,
  tokenBytesMax: 8 * 1024,
  issuersMax: 16,
  keysPerIssuerMax: 64,
  keySetBytesMax: 256 * 1024,
  keySetFetchMsMax: 5_000,
  keySetRefetchMsMin: 30_000,
  keySetFreshMsMax: 600_000,
  keyFileLookMsMin: 1_000,
  rsaModulusBitsMin: 2_048,
  rsaModulusBitsMax: 8_192,
  ticketCharactersMax: 2_048,
  /** Longest first message that comes along with an upgrade. */
  firstMessageCharactersMax: 2_048,
  ticketKeysMax: 8,
  ticketKeyBytesMin: 32,
  ticketKeyBytesMax: 64,
  ticketKeysFileBytesMax: 8 * 1024,
  ticketKeysLookMs: 5_000,
  revocationsMax: 100_000,

  // ownership
  ownershipAnswerMsMax: 3_000,
  ownershipQuestionsInFlightMax: 1_024,
  cacheEntriesMax: 100_000,
  devicesPerSubjectMax: 1_000,
  sourceVersionCharactersMax: 128,
  grantsListedMax: 100_000,
  devicesPerTokenMax: 256,
  sqliteBusyMsMax: 2_000,
  sqliteLookMs: 250,
  sqliteChangesReadMax: 1_000,
  sqliteChangesKeptMax: 10_000,
  postgresConnectionsMax: 64,
  postgresConnectMsMax: 2_000,
  postgresStatementMsMax: 2_000,
  postgresIdleMsMax: 30_000,
  /** Changes of one statement that are told one by one; of more, everything is. */
  postgresLinesToldMax: 100,
  postgresLookMs: 300,
  postgresLookAnswerMsMax: 2_000,
  postgresListenRetryMsFirst: 100,
  postgresListenRetryMsMax: 2_000,
  serviceAnswerMsMax: 2_000,
  serviceAnswerBytesMax: 512 * 1024,
  serviceQuestionsAtOnceMax: 256,
  serviceQuestionsWaitingMax: 512,
  serviceFailuresMax: 5,
  serviceRestMsFirst: 1_000,
  serviceRestMsMax: 30_000,
  serviceKeysMax: 8,
  serviceKeyBytesMin: 32,
  secretFileBytesMax: 16 * 1024,
  certificatesBytesMax: 1024 * 1024,
  faultLogMsMin: 10_000,

  // proving a live view again, when its grant may have changed
  /** Changes that are told apart when a live view begins on a proof from before them; of more, each view is taken to be meant. */
  changesRememberedMax: 1_024,
  reproofsInFlightMax: 64,
  reproofRetryMsFirst: 100,
  reproofRetryMsMax: 2_000,
  /** How long a view goes on whose grant is known to have changed, while nobody can say how. */
  reproofMsMax: 10_000,

  // the shared cache
  sharedAnswerMsMax: 200,
  sharedConnectMsMax: 2_000,
  sharedCommandsInFlightMax: 512,
  /** Answers that are written leave room for questions. */
  sharedWritesInFlightMax: 256,
  sharedReplyBytesMax: 8 * 1024,
  sharedEntryCharactersMax: 4 * 1024,
  sharedEntryPaddedBytes: 64,
  sharedKeysMax: 4,
  sharedKeyBytesMin: 32,
  sharedKeyBytesMax: 128,
  sharedReconnectMsFirst: 100,
  sharedReconnectMsMax: 10_000,
  /** How long a connection must last before its loss is no reason to wait longer for the next. */
  sharedSteadyMs: 10_000,
  /** How far the clocks of two relays may be apart before an entry of the one is an alarm to the other. */
  sharedClockMsMax: 2_000,
  sharedAlarmsMax: 3,
  sharedAlarmWindowMs: 60_000,
  sharedDistrustMsFirst: 60_000,
  sharedDistrustMsMax: 3_600_000,

  // sessions
  sessionsMax: 50_000,
  sessionsPerDeviceMax: 16,
  sessionsPerSubjectMax: 32,
  endedSessionsRememberedMax: 1_000,

  // signaling
  connectionsMax: 200_000,
  /** The system itself may keep fewer (`net.core.somaxconn`). */
  connectionsUnacceptedMax: 4_096,
  /** How many connections are taken off the port, looked at, and served of those that can wait, in one turn of the event loop. */
  intakeAcceptsPerTurnMax: 256,
  intakeReadsPerTurnMax: 256,
  intakeTakenPerTurnMax: 32,
  intakePeekBytes: 16 * 1024,
  /** Whoever has said nothing for so long is served all the same. */
  intakeSilentMsMax: 1_000,
  /** The system keeps whoever connects and says nothing for so long, give or take what it needs to send its own part again. */
  intakeDeferredSecondsMax: 1,
  bellWaitMsMax: 100,
  /** How often a look is taken without a bell. */
  intakeLookMs: 2,
  intakeHinderedMs: 100,
  ownConnectionMsMax: 1_000,
  connectionsUnregisteredMax: 4_096,
  connectionsUnregisteredPerAddressMax: 64,
  tokensRefusedPerConnectionMax: 8,
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
  /** How long live views wait for their camera's signaling to come back; their media flows on meanwhile. */
  cameraAwayMsMax: 60_000,
  viewerAnswerMsMax: 10_000,
  callsInFlightPerConnectionMax: 64,
  candidatesPerSessionMax: 64,
  requestHeaderMsMax: 10_000,
  requestHeaderBytesMax: 16 * 1024,
  requestHeadersMax: 64,
  forwardedHopsMax: 16,
  trustedProxiesMax: 64,
  requestBodyMsMax: 10_000,
  httpIdleMsMax: 10_000,
  responseStallMsMax: 30_000,
  messageFragmentsMax: 256,
  keepAliveMs: 30_000,
  keepAlivePeersPerSweepMax: 512,
  keepAliveRestMs: 10,
  /** How many that wait equally long are asked in one turn of the event loop whether their time has come. */
  agendaPerTurnMax: 512,
  timerMsMax: 2 ** 31 - 1,
  closeHandshakeMsMax: 5_000,
  closeReasonBytesMax: 123,
  connectionsRefusedAtOnceMax: 1_024,
  overloadRetrySecondsMin: 5,
  overloadRetrySecondsMax: 30,

  // admission
  verificationsInFlightMax: 1_024,
  /** A verification that takes longer waits for somebody else, such as an issuer's keys, and gives its slot to another. */
  verificationSlotMsMax: 250,
  verificationsLaggingMax: 1_024,
  /** How long a verification may take from its beginning, whatever it waits for. */
  verificationMsMax: 6_000,
  verificationsWaitingMax: 65_536,
  /** Work for that long may wait in a lane; whoever comes then is told when to come back. */
  admissionComfortMs: 5_000,
  admissionWaitMsMax: 8_000,
  viewersBeforeCameraMax: 3,
  /** What is believed before anything was measured, and the least that is. */
  servedPerSecondFirst: 1_000,
  servedPerSecondMin: 5,
  /** A measurement takes that long, and longer where little was done in it. */
  servedWindowMsMin: 250,
  servedWindowMsMax: 2_000,
  servedInWindowMin: 16,
  servedRiseMs: 500,
  servedFallMs: 4_000,
  /** Which part of the measured rate is promised to those who are told to come back. */
  rampPercentMax: 90,
  rampMsMax: 300_000,
  rampJitterMs: 1_000,
  rampEarlyMsMax: 250,
  rampLateMsMax: 60_000,
  rampToldMax: 200_000,
  addressesRatedMax: 32_768,
  devicesRatedMax: 131_072,
  ratePerMinuteMax: 100_000,
  rateRetryMsMax: 30_000,
  lagSampleMs: 100,

  // the end of a live view
  /** A camera may end a live view so long before its time is over: it goes by the grant, which tells whole seconds, and by its own clock. */
  cameraAheadMsMax: 2_000,

  // what a verified viewer may hold open
  connectionsPerSubjectMax: 64,
  viewerIdleMsMax: 180_000,
  idleLookMs: 1_000,

  // the sealed wire
  iceUfragCharactersMin: 4,
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
  /** A live address is heard every 6 s or sooner: consent is asked for every 5 s, give or take a fifth (RFC 7675). */
  addressQuietMsMax: 6_000,
  streamsPerSideMax: 16,
  announcedAddressesMax: 16,
  wiresPerWorkerMax: 50_000,
  workersMax: 64,
  workerAnswerMsMax: 5_000,
  workerRestartMs: 200,
  loadSampleMs: 1_000,
  busyLookMs: 1_000,
  reasonCharactersMax: 200,
  udpBufferBytes: 4 * 1024 * 1024,
  udpSendQueueBytesMax: 4 * 1024 * 1024,
  linksMax: 64,
  /** Places whose text is kept, on a port that takes no other. */
  placesWrittenMax: 4_096,
  /** How many messages one system call moves, and the pieces that those sent have in all. */
  batchMessagesMax: 64,
  batchPiecesMax: 512,
  batchCopiesBytesMax: 256 * 1024,
  /** UDP_MAX_SEGMENTS of Linux before 6.9. */
  segmentsPerMessageMax: 64,
  /** What fits whole into a frame of Ethernet, over IPv6: larger ones may have to be taken apart on their way. */
  segmentBytesMax: 1_452,
  receiveWaitMs: 10,
  /**
   * How long a busy thread may rest between two batches, and how many messages it waits for by that; how often a look is taken at how
   * busy it is, and with how many batches in a millisecond it begins and ends to rest.
   */
  restUsMax: 300,
  restedMessagesMax: 16,
  restLookMs: 8,
  restlessBatchesPerMsMax: 8,
  restingBatchesPerMsMin: 2,
  sendWaitMs: 5,

  // policing
  policedBitsPerSecondMax: 10_000_000_000,
  policedPacketsPerSecondMax: 10_000_000,
  policedBurstMs: 1_000,
  policedBurstBytesMin: 128 * 1024,
  policedBurstPacketsMin: 128,

  // the sealed wire over TCP
  /** STUN, DTLS and RTP are cut for paths of 1,500 bytes; a longer frame by far is a stream that is none of ours. */
  tcpFrameBytesMax: 4_096,
  tcpConnectionsMax: 4_096,
  tcpConnectionsUnclaimedMax: 1_024,
  tcpConnectionsUnclaimedPerAddressMax: 64,
  tcpUnclaimedMsMax: 10_000,
  tcpUnclaimedFramesMax: 32,
  tcpUnclaimedBytesMax: 16 * 1024,
  tcpSocketBytesMax: 64 * 1024,
  tcpQueueBytesMax: 192 * 1024,
  tcpQueueFramesMax: 1_024,
  tcpUnsentBytesMax: 64 * 1024,
  tcpOnTheWayBytesMax: 4 * 1024 * 1024,
  tcpOnTheWayMediaBytesMax: 3 * 1024 * 1024,
  /** What a frame takes on its way beside its bytes, for a bound on frames as well. */
  tcpOnTheWayFrameBytes: 128,
  tcpFramesPerMessageMax: 64,
  tcpMessagesPerTurnMax: 8,
  tcpCountedMs: 1_000,

  // the ends of a live view: the camera agent and the headless viewer
  upgradeMsMax: 10_000,
  callMsMax: 15_000,
  problemBytesMax: 8 * 1024,
  deviceListBytesMax: 1024 * 1024,
  reconnectMsFirst: 500,
  reconnectMsMax: 30_000,
  reconnectRefusedMsFirst: 5_000,
  reconnectRefusedMsMax: 300_000,
  retryAfterSecondsMax: 3_600,
  tokenRenewalMsMin: 5_000,
  peerSetupMsMax: 30_000,
  relayCandidatesMax: 16,
  handshakeMessageBytesMax: 16 * 1024,
  handshakeBytesMax: 64 * 1024,
  subjectsPerCameraMax: 1_000,

  // pictures and sound
  clipBytesMax: 64 * 1024 * 1024,
  frameBytesMax: 4 * 1024 * 1024,
  soundPacketBytesMax: 8 * 1024,
  framesHeldMax: 600,
  framesHeldBytesMax: 8 * 1024 * 1024,
  rtpPayloadBytesMax: 1_160,
  packetsPerBurstMax: 24,
  burstMs: 4,
  packetsWaitingMax: 8_192,
  keyFrameRequestMsMin: 300,
  packetsReorderedMax: 512,
  gapMsMax: 500,
  sourceSilentMsMax: 10_000,
  sourceRestartMsFirst: 500,
  sourceRestartMsMax: 30_000,
  processEndMsMax: 2_000,
} as const;
