/* The floor for single packets: 64 at a time, blocking until there is at least one. */
#define _GNU_SOURCE
#include "udp.h"

#include <sys/socket.h>

enum { BATCH = 64, DATAGRAM_BYTES_MAX = 2048 };

int main(int argc, char **argv) {
  struct table table;
  int fd = start_relay(argc, argv, &table);
  static uint8_t datagrams[BATCH][DATAGRAM_BYTES_MAX];
  static struct sockaddr_in addresses[BATCH];
  static struct iovec received[BATCH], sent[BATCH];
  static struct mmsghdr in[BATCH], out[BATCH];
  for (int i = 0; i < BATCH; i++) {
    received[i] = (struct iovec){datagrams[i], DATAGRAM_BYTES_MAX};
    in[i].msg_hdr = (struct msghdr){.msg_name = &addresses[i], .msg_iov = &received[i], .msg_iovlen = 1};
  }
  for (;;) {
    for (int i = 0; i < BATCH; i++) in[i].msg_hdr.msg_namelen = sizeof addresses[i];
    int arrived = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL);
    unsigned count = 0;
    for (int i = 0; i < arrived; i++) {
      const struct sockaddr_in *to = peer_of(&table, &addresses[i]);
      if (to == NULL) continue;
      sent[count] = (struct iovec){datagrams[i], in[i].msg_len};
      out[count].msg_hdr =
          (struct msghdr){.msg_name = (void *)to, .msg_namelen = sizeof *to, .msg_iov = &sent[count], .msg_iovlen = 1};
      count++;
    }
    for (unsigned done = 0; done < count;) {
      int more = sendmmsg(fd, out + done, count - done, 0);
      done += more > 0 ? (unsigned)more : 1;
    }
  }
}
