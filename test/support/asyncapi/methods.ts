import { z } from 'zod';
import {
  authorizationParams,
  connectParams,
  connectResult,
  deviceConnectParams,
  deviceConnectResult,
  extendParams,
  extendResult,
  inviteParams,
  inviteResult,
  leaveParams,
  registerParams,
  registerResult,
  trickleParams,
} from '../../../src/protocol/index.ts';

export type End = 'camera' | 'viewer';

/** One method of one direction between the relay and one end. */
export interface Method {
  readonly name: string;
  readonly end: End;
  /** Who calls: the end itself, or the relay. */
  readonly caller: End | 'relay';
  readonly params: z.ZodType;
  readonly result: z.ZodType;
  readonly summary: string;
  /** Whether ONVIF has no such method in this direction. */
  readonly addition?: true;
}

const nothing = z.object({});

/** Every method, both ways. `trickle` goes to the relay alone: its own candidates are complete in each description. */
export const methods: readonly Method[] = [
  ...(['camera', 'viewer'] as const).flatMap((end): Method[] => [
    {
      name: 'unregister',
      end,
      caller: end,
      params: nothing,
      result: nothing,
      summary: 'Ends the registration, and with it every live view of this connection.',
    },
    {
      name: 'trickle',
      end,
      caller: end,
      params: trickleParams,
      result: nothing,
      summary: 'Brings an ICE candidate (RFC 8838). It is checked and travels no further.',
    },
    {
      name: 'leave',
      end,
      caller: end,
      params: leaveParams,
      result: nothing,
      summary: 'Ends one live view; the connection stays.',
      addition: true,
    },
  ]),
  {
    name: 'register',
    end: 'camera',
    caller: 'camera',
    params: registerParams,
    result: registerResult,
    summary: 'Registers the device that the token names; again, with a fresh token, to prolong the registration.',
  },
  {
    name: 'invite',
    end: 'camera',
    caller: 'camera',
    params: inviteParams,
    result: inviteResult,
    summary: 'Brings the device’s offer for a session that the relay has connected; the viewer’s answer is its result.',
  },
  {
    name: 'extend',
    end: 'camera',
    caller: 'camera',
    params: extendParams,
    result: extendResult,
    summary: 'Asks how long a session still lasts; a fresh token beside it prolongs the registration.',
  },
  {
    name: 'connect',
    end: 'camera',
    caller: 'relay',
    params: deviceConnectParams,
    result: deviceConnectResult,
    summary: 'Tells a device that makes its own offers of a session; its `invite` follows.',
  },
  {
    name: 'invite',
    end: 'camera',
    caller: 'relay',
    params: inviteParams,
    result: inviteResult,
    summary:
      'Brings the viewer’s offer, with a grant, to a device that can answer: for a new session, or to restart ICE.',
    addition: true,
  },
  {
    name: 'extend',
    end: 'camera',
    caller: 'relay',
    params: extendParams,
    result: extendResult,
    summary: 'Tells the device that a session lasts longer, with a grant for the time that was added.',
  },
  {
    name: 'register',
    end: 'viewer',
    caller: 'viewer',
    params: authorizationParams,
    result: registerResult.pick({ id: true }),
    summary: 'Brings a viewer’s token; `connect` does so as well, so that it can be left out.',
  },
  {
    name: 'connect',
    end: 'viewer',
    caller: 'viewer',
    params: connectParams,
    result: connectResult,
    summary: 'Asks for a live view of a device.',
  },
  {
    name: 'invite',
    end: 'viewer',
    caller: 'viewer',
    params: inviteParams,
    result: inviteResult.pick({ answer: true }),
    summary: 'Restarts ICE (RFC 8839 section 4.4.1) in a live view of a device that can answer.',
    addition: true,
  },
  {
    name: 'extend',
    end: 'viewer',
    caller: 'viewer',
    params: extendParams,
    result: extendResult,
    summary: 'Has a live view last as long as a fresh token of the same subject; it is authorized as the opening was.',
  },
  {
    name: 'invite',
    end: 'viewer',
    caller: 'relay',
    params: inviteParams,
    result: inviteResult,
    summary: 'Brings the offer of a device that makes its own; the viewer’s answer is the result.',
  },
];
