/* The floor without batches: recvfrom, look up, sendto. */
#define _GNU_SOURCE
#include "udp.h"

#include <sys/socket.h>

int main(int argc, char **argv) {
  struct table table;
  int fd = start_relay(argc, argv, &table);
  static uint8_t datagram[2048];
  for (;;) {
    struct sockaddr_in from;
    socklen_t bytes = sizeof from;
    ssize_t length = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &bytes);
    if (length < 0) continue;
    const struct sockaddr_in *to = peer_of(&table, &from);
    if (to != NULL) sendto(fd, datagram, (size_t)length, 0, (const struct sockaddr *)to, sizeof *to);
  }
}
