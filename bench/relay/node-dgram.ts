/** The least that a relay on `node:dgram` can do: `node-dgram.ts FLOWS CAMERA_PORT VIEWER_PORT`. Parses nothing, learns nothing. */
import { createSocket } from 'node:dgram';

const bufferBytes = 4 * 1024 * 1024;
const [flows = 0, cameraPort = 0, viewerPort = 0] = process.argv.slice(2).map(Number);

const peers = new Map<string, { readonly port: number; readonly address: string }>();
for (let flow = 0; flow < flows; flow++) {
  const camera = { address: `127.1.${flow >> 8}.${flow & 255}`, port: cameraPort };
  const viewer = { address: `127.2.${flow >> 8}.${flow & 255}`, port: viewerPort };
  peers.set(`${camera.address}:${camera.port}`, viewer);
  peers.set(`${viewer.address}:${viewer.port}`, camera);
}

// Without a lookup of its own, Node takes a turn of the event loop to find that an address is one.
const lookup = (host: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
  done(null, host, 4);
const socket = createSocket({ type: 'udp4', lookup });
socket.on('message', (bytes, { address, port }) => {
  const to = peers.get(`${address}:${port}`);
  if (to !== undefined) socket.send(bytes, to.port, to.address);
});
socket.bind({ address: '127.0.0.1', port: 0 }, () => {
  socket.setRecvBufferSize(bufferBytes);
  socket.setSendBufferSize(bufferBytes);
  process.stdout.write(`${JSON.stringify({ port: socket.address().port })}\n`);
});
