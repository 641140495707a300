#define _GNU_SOURCE
#include "udp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

void die(const char *what) {
  perror(what);
  exit(1);
}

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct sockaddr_in address_of(uint32_t host, uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(host);
  return address;
}

void set_option(int fd, int level, int name, int value, const char *what) {
  if (setsockopt(fd, level, name, &value, sizeof value) < 0) die(what);
}

int open_udp(uint32_t host, uint16_t *port) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  set_option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES, "SO_RCVBUF");
  set_option(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES, "SO_SNDBUF");
  /* A socket on every address would else be open to the network. */
  if (host == INADDR_ANY && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) < 0) die("SO_BINDTODEVICE");
  struct sockaddr_in address = address_of(host, 0);
  socklen_t bytes = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, bytes) < 0) die("bind");
  if (getsockname(fd, (struct sockaddr *)&address, &bytes) < 0) die("getsockname");
  *port = ntohs(address.sin_port);
  return fd;
}

int start_relay(int argc, char **argv, struct table *table) {
  if (argc != 4) {
    fprintf(stderr, "usage: %s FLOWS CAMERA_PORT VIEWER_PORT\n", argv[0]);
    exit(2);
  }
  table->flows = (uint32_t)atoi(argv[1]);
  if (table->flows == 0 || table->flows > FLOWS_MAX) table->flows = FLOWS_MAX;
  uint16_t camera_port = (uint16_t)atoi(argv[2]), viewer_port = (uint16_t)atoi(argv[3]);
  table->camera_port = htons(camera_port);
  table->viewer_port = htons(viewer_port);
  table->cameras = calloc(table->flows, sizeof *table->cameras);
  table->viewers = calloc(table->flows, sizeof *table->viewers);
  if (table->cameras == NULL || table->viewers == NULL) die("calloc");
  for (uint32_t flow = 0; flow < table->flows; flow++) {
    table->cameras[flow] = address_of(CAMERA_NET | flow, camera_port);
    table->viewers[flow] = address_of(VIEWER_NET | flow, viewer_port);
  }
  uint16_t port;
  int fd = open_udp(INADDR_LOOPBACK, &port);
  printf("{\"port\":%u}\n", port);
  fflush(stdout);
  return fd;
}
