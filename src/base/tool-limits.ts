/** The bounds of an operator's own tools, which no relay has in its way: a part of `limits`. */
export const toolLimits = {
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
  /** So many questions for one's own camera come first, and then one for somebody else's. */
  stormOwnAsksFirst: 10,
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
} as const;
