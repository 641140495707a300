import { runCamera } from './camera.ts';
import { libdatachannel } from './libdatachannel.ts';
import { libwebrtc } from './libwebrtc.ts';
import type { Order, Tell } from './messages.ts';
import { runViewer } from './viewer.ts';

/**
 * A process with a foreign stack in it: whatever native code does to its process, and whenever, it does not do it to the
 * tests. It takes one order, tells what happens, and lives until it is ended or its parent is gone.
 */
const stacks = { libdatachannel, libwebrtc };
const tell: Tell = (kind, said) => void process.send?.({ kind, said });

process.once('message', (order: Order) => {
  const stack = stacks[order.stack];
  void (order.role === 'camera' ? runCamera(order, stack, tell) : runViewer(order, stack, tell));
});
process.once('disconnect', () => process.exit());
