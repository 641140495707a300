/** Every bound and pace of the browser's side, with its unit last in its name. */
export const bounds = {
  /** Longer than the relay itself waits for a camera. */
  callMsMax: 15_000,
  socketOpenMsMax: 10_000,
  callsInFlightMax: 64,
  /** Invitations that came before the view that they are for has asked for them. */
  invitesHeldMax: 8,
  messageCharactersMax: 256 * 1024,
  /** A socket without a live view is closed after that long; a prepared peer connection that nobody took, too. */
  idleSocketMsMax: 60_000,
  preparedPeerMsMax: 20_000,

  /** From an answer to the first frame. */
  firstFrameMsMax: 12_000,
  /** A live picture that gets no new frame for so long counts as frozen. */
  frozenMsMax: 5_000,
  /** How long a broken path may heal by itself (a change of network) before the view is set up anew. */
  healingMsMax: 2_500,
  figuresMs: 1_000,
  /** How long the controls stay after a touch of the picture. */
  controlsMs: 4_000,

  retryFirstMs: 500,
  retryMsMax: 30_000,
  offlineFirstMs: 3_000,
  offlineMsMax: 15_000,
  busyFirstMs: 4_000,
  busyMsMax: 60_000,
  retryAfterMsMax: 10 * 60_000,

  /** A session is extended so long before it ends, or at half its time where that is later. */
  extendAheadMs: 45_000,
  extendMsMin: 1_000,
} as const;
