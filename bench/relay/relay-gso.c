/* The floor for bursts: what the kernel hands over in one piece (UDP_GRO) goes out in one piece (UDP_SEGMENT). */
#define _GNU_SOURCE
#include "udp.h"

#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, PIECE_BYTES_MAX = 65536 };

union control {
  char bytes[CMSG_SPACE(sizeof(int))];
  struct cmsghdr align;
};

/* The size of each datagram in a piece, or 0 when it is one alone. */
static uint16_t segment_of(struct msghdr *message) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != IPPROTO_UDP || part->cmsg_type != UDP_GRO) continue;
    int bytes;
    memcpy(&bytes, CMSG_DATA(part), sizeof bytes);
    return (uint16_t)bytes;
  }
  return 0;
}

static void set_segment(struct msghdr *message, union control *control, uint16_t bytes) {
  message->msg_control = control->bytes;
  message->msg_controllen = CMSG_SPACE(sizeof bytes);
  struct cmsghdr *part = CMSG_FIRSTHDR(message);
  part->cmsg_level = IPPROTO_UDP;
  part->cmsg_type = UDP_SEGMENT;
  part->cmsg_len = CMSG_LEN(sizeof bytes);
  memcpy(CMSG_DATA(part), &bytes, sizeof bytes);
}

int main(int argc, char **argv) {
  struct table table;
  int fd = start_relay(argc, argv, &table);
  set_option(fd, IPPROTO_UDP, UDP_GRO, 1, "UDP_GRO");
  static uint8_t pieces[BATCH][PIECE_BYTES_MAX];
  static struct sockaddr_in addresses[BATCH];
  static struct iovec received[BATCH], sent[BATCH];
  static union control controls[BATCH], segments[BATCH];
  static struct mmsghdr in[BATCH], out[BATCH];
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      received[i] = (struct iovec){pieces[i], PIECE_BYTES_MAX};
      in[i].msg_hdr = (struct msghdr){.msg_name = &addresses[i],
                                      .msg_namelen = sizeof addresses[i],
                                      .msg_iov = &received[i],
                                      .msg_iovlen = 1,
                                      .msg_control = controls[i].bytes,
                                      .msg_controllen = sizeof controls[i].bytes};
    }
    int arrived = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL);
    unsigned count = 0;
    for (int i = 0; i < arrived; i++) {
      const struct sockaddr_in *to = peer_of(&table, &addresses[i]);
      if (to == NULL) continue;
      struct msghdr *message = &out[count].msg_hdr;
      sent[count] = (struct iovec){pieces[i], in[i].msg_len};
      *message =
          (struct msghdr){.msg_name = (void *)to, .msg_namelen = sizeof *to, .msg_iov = &sent[count], .msg_iovlen = 1};
      uint16_t segment = segment_of(&in[i].msg_hdr);
      if (segment > 0 && segment < in[i].msg_len) set_segment(message, &segments[count], segment);
      count++;
    }
    for (unsigned done = 0; done < count;) {
      int more = sendmmsg(fd, out + done, count - done, 0);
      done += more > 0 ? (unsigned)more : 1;
    }
  }
}
