import { ticketHeader } from '../../src/protocol/index.ts';
import type { Dice } from './dice.ts';
import type { Node } from './node.ts';
import { Socket } from './socket.ts';
import type { World } from './world.ts';

const kinds = ['listing', 'token', 'ticket', 'nothing'] as const;
type Kind = (typeof kinds)[number];

/** Somebody who has nothing that is good, and tries again and again, from the addresses of somebody’s home or from elsewhere. */
export function tryFrom(world: World, home: string, node: Node, dice: Dice): void {
  const from = dice.chance(0.5) ? home : world.homes.elsewhere();
  const all: readonly Kind[] = dice.chance(0.7) ? kinds : ['nothing'];
  for (let times = dice.between(4, 25); times > 0; times--) {
    const address = world.homes.neighbourOf(from);
    const kind = dice.pick(all);
    world.timeline.after(dice.between(0, 3_000), () => void attempt(world, address, node, kind));
  }
}

async function attempt(world: World, address: string, node: Node, kind: Kind): Promise<void> {
  const token = 'stranger/nobody/0';
  world.count('strangers');
  if (kind === 'listing') {
    const headers = { authorization: `Bearer ${token}` };
    const response = await node.request({ path: '/devices', headers, remoteAddress: address });
    if (response !== undefined && response.status < 300) world.checker.violated('a stranger is told of devices');
    return;
  }
  const nothing = { request: () => {}, notice: () => {}, closed: () => {} };
  const socket = new Socket(world, node, 'viewer', nothing, address);
  const shown = kind === 'token' ? token : undefined;
  const outcome = await node.upgrade(socket, shown, { ticket: kind === 'ticket' ? `${ticketHeader}.AAAA` : undefined });
  if (outcome !== 'open') return;
  if (kind !== 'nothing') world.checker.violated('a stranger is let in');
  socket.drop();
}
