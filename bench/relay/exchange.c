#define _GNU_SOURCE
#include "load.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

void send_datagram(const struct side *side, uint32_t flow, struct sockaddr_in to, const void *bytes, size_t length) {
  union {
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct cmsghdr align;
  } control = {0};
  struct iovec part = {(void *)bytes, length};
  struct msghdr message = {.msg_name = &to,
                           .msg_namelen = sizeof to,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  struct cmsghdr *source = CMSG_FIRSTHDR(&message);
  source->cmsg_level = IPPROTO_IP;
  source->cmsg_type = IP_PKTINFO;
  source->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
  struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(side->net | flow)};
  memcpy(CMSG_DATA(source), &info, sizeof info);
  if (sendmsg(side->fd, &message, 0) < 0) die("sendmsg");
}

int ms_until(uint64_t at_ns) {
  uint64_t now = now_ns();
  return now >= at_ns ? 0 : (int)((at_ns - now + 999999) / 1000000);
}

ssize_t receive_datagram(const struct side *side, void *bytes, size_t size, uint32_t *flow, int wait_ms) {
  struct pollfd readable = {.fd = side->fd, .events = POLLIN};
  if (poll(&readable, 1, wait_ms) <= 0) return -1;
  union {
    char bytes[128];
    struct cmsghdr align;
  } control;
  struct iovec part = {bytes, size};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t length = recvmsg(side->fd, &message, MSG_DONTWAIT);
  if (length < 0) return -1;
  *flow = FLOWS_MAX;
  for (struct cmsghdr *entry = CMSG_FIRSTHDR(&message); entry != NULL; entry = CMSG_NXTHDR(&message, entry)) {
    if (entry->cmsg_level != IPPROTO_IP || entry->cmsg_type != IP_PKTINFO) continue;
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(entry), sizeof info);
    *flow = ntohl(info.ipi_addr.s_addr) & 0xffff;
  }
  return length;
}
