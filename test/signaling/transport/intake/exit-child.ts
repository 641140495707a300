/** A process with a bell that waits at a port where nobody comes any more: `exit-child.ts exit|throw`. */
import { connect } from 'node:net';
import { bellInThread } from '../../../../src/signaling/transport/intake/bell.ts';
import { listeningSocket } from './stage.ts';

const { socket, port } = await listeningSocket();
const rung = Promise.withResolvers<void>();
const bell = bellInThread(socket.signs, { rung: rung.resolve, broken: rung.reject });
bell.set();
connect({ host: '127.0.0.1', port });
await rung.promise;
socket.accept();
bell.set();
if (process.argv[2] === 'exit') process.exit(3);
throw new Error('what nobody catches');
