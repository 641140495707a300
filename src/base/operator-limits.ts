/** The bounds of what an operator sees, steers and proves: levers, drains, traces, the doctor, storms, the audit and the admin port. */
export const operatorLimits = {
  // what an operator throws
  tokenIdCharactersMax: 512,
  quarantinedDevicesMax: 100_000,
  switchPrefixesMax: 64,
  switchDevicesMax: 100_000,
  switchListBytesMax: 16 * 1024 * 1024,
  /** What is looked at, and what is ended, before the event loop has its turn, when everything live is looked at again. */
  reviewedAtOnceMax: 4_096,
  endedAtOnceMax: 64,
  /** Cameras that may not register for now come back after a time of their own in this span. */
  switchedOffRetrySecondsMin: 15,
  switchedOffRetrySecondsMax: 60,

  // moving everybody elsewhere before the relay ends
  drainSecondsMax: 3_600,
  drainTickMs: 50,
  /** How long live views go on after their camera was told to move: it shall be there before those who watch it. */
  drainCameraAheadMs: 1_000,
  drainRetrySecondsMax: 60,
  /** Any relay can take so many as come one after the other at that distance. */
  drainTurnMsMax: 50,
  drainToldMs: 5_000,
  /** An operator who ends the relay at a terminal does not wait for long. */
  drainShortSeconds: 1,
  drainShortSecondsMax: 3,
  /** A word of the service manager's: the longest `READY=1 …` is one datagram by far. */
  notifyBytesMax: 2_048,
  watchdogMsMin: 1_000,

  // tracing
  tracesForcedPerSecondMax: 10,
  tracesWaitingMax: 4_096,
  tracesPerBatchMax: 512,
  tracesBatchMs: 1_000,
  tracesExportMsMax: 5_000,
  tracesCloseMsMax: 1_000,

  // what the doctor looks at
  doctorCheckMsMax: 20_000,
  doctorAnswerMsMax: 2_000,
  doctorProbeMsMax: 5_000,
  /** How long the network is given to say that nobody has a UDP port. */
  doctorSilenceMs: 1_500,
  doctorClockLookMs: 500,
  doctorClockStepMsMax: 50,
  doctorClockSecondsMax: 2,
  doctorDaysLeftMin: 14,
  doctorDescriptorsMax: 1_000_000,
  doctorSpareFilesMin: 1_024,
  doctorRoomBytesMin: 256 * 1024 * 1024,
  doctorFreeBytesMin: 16 * 1024 * 1024,
  doctorNodeMajorMin: 24,
  doctorOwnBytes: 256 * 1024 * 1024,
  /** What a connection takes on the dearer of the two servers, with room to spare. */
  doctorConnectionBytes: 25 * 1024,

  // the storm that an operator makes
  stormCamerasMax: 200_000,
  stormViewersMax: 10_000,
  stormConnectsPerSecondMax: 50_000,
  stormAsksPerSecondMax: 5_000,
  stormAsksInFlightMax: 1_024,
  stormAskMsMax: 30_000,
  /** So many questions for one's own camera go with one for somebody else's. */
  stormAsksPerStrangerMax: 10,
  stormSecondsMax: 86_400,
  stormSamplesMax: 1_000_000,
  /** How long cameras are sent off at a stretch, before what has come back is looked at. */
  stormLaunchMs: 4,
  stormHeadBytesMax: 16 * 1024,
  stormCrossingsToldMax: 20,
  /** What a process has open beside its cameras and viewers. */
  stormDescriptorsSpareMin: 128,
  stormTokensBytesMax: 256 * 1024 * 1024,
  stormMetricsBytesMax: 4 * 1024 * 1024,
  stormMetricsMsMax: 5_000,

  // the audit
  /** What waits to be written; the ends of live views have room when the rest has none. */
  auditPendingMax: 65_536,
  auditBatchRecordsMax: 256,
  auditCommitMsMax: 5_000,
  auditRetryMs: 1_000,
  auditStopMsMax: 5_000,
  /** How often it is written down that the relay lives, and of how many live views what they have carried. */
  auditAliveMs: 1_000,
  auditFiguresPerLookMax: 1_000,
  /** Equal refusals within that long are one record; so many different ones are told apart, and so many of one person. */
  auditJoinMs: 60_000,
  auditRefusalsJoinedMax: 4_096,
  auditRefusalsPerSubjectMax: 60,
  auditHeadToldMs: 3_600_000,
  auditRetentionLookMs: 3_600_000,
  auditPrunedAtOnceMax: 10_000,
  auditErasedAtOnceMax: 2_000,
  /** How often an erasure tries to empty the log, each time for `sqliteBusyMsMax`. */
  auditLogTriesMax: 3,
  auditFindingsMax: 100,
  auditAnswersMax: 10_000,
  auditLineCharactersMax: 128 * 1024,
  auditTextCharactersMax: 1_024,
  // the admin port
  adminConnectionsMax: 64,
  adminConnectionsPerAddressMax: 16,
  adminBodyBytesMax: 2 * 1024 * 1024,
  adminAnswerBytesMax: 16 * 1024 * 1024,
  adminAnswerMsMax: 30_000,
  adminCredentialsMax: 64,
  adminCredentialNameCharactersMax: 64,
  adminCredentialCharactersMin: 32,
  adminCredentialCharactersMax: 256,
  adminNamesMax: 16,
  /** Wrong credentials from one network: so many at once, and so many in a minute. */
  adminFailuresBurstMax: 10,
  adminFailuresPerMinuteMax: 30,
  adminFailureNetworksMax: 1_024,
  /** How often at most the record is told of requests that nobody signed. */
  adminStrangersToldMs: 60_000,
  /** How long what shuts a door waits for the record to say that it begins. */
  adminBegunMsMax: 250,
  adminHistorySamplesMax: 300,
  adminSampleMs: 2_000,
  adminSwitchDevicesMax: 10_000,
  adminSightingsMax: 5_000,
  adminNodesMax: 64,
} as const;
