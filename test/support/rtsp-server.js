import GLib from 'gi://GLib?version=2.0';
import Gst from 'gi://Gst?version=1.0';
import GstRtsp from 'gi://GstRtsp?version=1.0';
import GstRtspServer from 'gi://GstRtspServer?version=1.0';
import { exit, programArgs } from 'system';

/*
 * Run by gjs: GStreamer's RTSP server on loopback, with one live stream of H.264 and G.711 at /live. Its parameters are the
 * port (0 for any), a Matroska file, and, where it shall ask for them, a user and a password. It prints its port, and ends
 * with its standard input.
 */
const [port, file, user, password] = programArgs;
Gst.init(null);

const factory = new GstRtspServer.RTSPMediaFactory();
factory.set_shared(true);
factory.set_launch(
  `( filesrc location="${file}" ! matroskademux name=tracks` +
    ' tracks. ! queue ! rtph264pay name=pay0 pt=96 config-interval=-1' +
    ' tracks. ! queue ! rtppcmapay name=pay1 pt=8 )',
);

const server = new GstRtspServer.RTSPServer();
server.set_address('127.0.0.1');
server.set_service(port);
server.get_mount_points().add_factory('/live', factory);

if (user !== undefined) {
  const permissions = new GstRtspServer.RTSPPermissions();
  permissions.add_role('owner');
  for (const permission of ['media.factory.access', 'media.factory.construct']) {
    permissions.add_permission_for_role('owner', permission, true);
  }
  factory.set_permissions(permissions);
  const token = new GstRtspServer.RTSPToken();
  token.set_string('media.factory.role', 'owner');
  const auth = new GstRtspServer.RTSPAuth();
  auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST);
  auth.add_digest(user, password, token);
  server.set_auth(auth);
}

if (server.attach(null) === 0) {
  printerr(`port ${port} cannot be had`);
  exit(1);
}
print(server.get_bound_port());

const loop = new GLib.MainLoop(null, false);
GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, () => loop.quit());
loop.run();
