#ifndef LATCHKEY_BENCH_UDP_H
#define LATCHKEY_BENCH_UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* Flow k's camera is 127.1.x.y and its viewer 127.2.x.y, where x and y are the two bytes of k. */
enum { FLOWS_MAX = 65536, CAMERA_NET = 0x7f010000, VIEWER_NET = 0x7f020000 };

/* What the relay asks of the kernel as well (limits.udpBufferBytes). */
enum { BUFFER_BYTES = 4 * 1024 * 1024 };

/* Writes the reason and ends the process. */
_Noreturn void die(const char *what);

uint64_t now_ns(void);

struct sockaddr_in address_of(uint32_t host, uint16_t port);

/* A UDP socket with large buffers, bound to a port that is free; *port is which. */
int open_udp(uint32_t host, uint16_t *port);

void set_option(int fd, int level, int name, int value, const char *what);

/* The table of a relay that learns nothing: each side's address, and the ports of both. */
struct table {
  uint32_t flows;
  uint16_t camera_port, viewer_port;
  struct sockaddr_in *cameras, *viewers;
};

/* Takes FLOWS CAMERA_PORT VIEWER_PORT from the command line, says on which port it listens, and returns the socket. */
int start_relay(int argc, char **argv, struct table *table);

/* Where a datagram of `from` has to go, or NULL for a stranger's. */
static inline const struct sockaddr_in *peer_of(const struct table *table, const struct sockaddr_in *from) {
  uint32_t host = ntohl(from->sin_addr.s_addr);
  uint32_t flow = host & 0xffff;
  if (flow >= table->flows) return NULL;
  uint32_t net = host & 0xffff0000;
  if (net == CAMERA_NET && from->sin_port == table->camera_port) return &table->viewers[flow];
  if (net == VIEWER_NET && from->sin_port == table->viewer_port) return &table->cameras[flow];
  return NULL;
}

#endif
