#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { AT_ONCE = 64, PIECE_BYTES_MAX = 65536, RTP_BYTES = 12, NAP_NS = 500000 };
/* linux/sock_diag.h: the place of the count of dropped datagrams in SO_MEMINFO. */
enum { MEMINFO_DROPS = 8, MEMINFO_COUNT = 9 };

union control {
  char bytes[256];
  struct cmsghdr align;
};

struct batch {
  struct mmsghdr messages[AT_ONCE];
  struct iovec parts[AT_ONCE];
  union control controls[AT_ONCE];
  uint8_t bytes[AT_ONCE][PIECE_BYTES_MAX];
};

/* Six bits of precision: below 2 % wide each. */
static unsigned bucket_of(uint64_t ns) {
  if (ns < 64) return (unsigned)ns;
  unsigned exponent = 63 - (unsigned)__builtin_clzll(ns);
  return (exponent - 5) * 64 + (unsigned)((ns >> (exponent - 6)) & 63);
}

static uint64_t middle_of(unsigned bucket) {
  if (bucket < 64) return bucket;
  unsigned shift = bucket / 64 - 1;
  return (64ull + bucket % 64) << shift | (shift > 0 ? 1ull << (shift - 1) : 0);
}

double latency_us(const struct step *step, double fraction) {
  uint64_t rank = (uint64_t)(fraction * (double)step->arrived), passed = 0;
  for (unsigned bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    passed += step->latency[bucket];
    if (passed > rank) return (double)middle_of(bucket) / 1000;
  }
  return (double)step->latency_max_ns / 1000;
}

uint32_t receive_drops(const struct side *side) {
  uint32_t values[MEMINFO_COUNT] = {0};
  socklen_t bytes = sizeof values;
  if (getsockopt(side->fd, SOL_SOCKET, SO_MEMINFO, values, &bytes) < 0) die("SO_MEMINFO");
  return values[MEMINFO_DROPS];
}

struct told {
  uint64_t at_ns;
  uint32_t flow;
  size_t segment;
};

/* What the kernel tells of a piece: when it came (whenever it is read), to which address, and how it is cut. */
static struct told told_of(struct msghdr *message) {
  struct told told = {.flow = FLOWS_MAX};
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec at;
      memcpy(&at, CMSG_DATA(part), sizeof at);
      told.at_ns = (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
    } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(part), sizeof info);
      told.flow = ntohl(info.ipi_addr.s_addr) & 0xffff;
    } else if (part->cmsg_level == IPPROTO_UDP && part->cmsg_type == UDP_GRO) {
      int segment;
      memcpy(&segment, CMSG_DATA(part), sizeof segment);
      told.segment = (size_t)segment;
    }
  }
  return told;
}

static void count_packet(struct step *step, const uint8_t *bytes, size_t length, const struct told *told) {
  size_t before = step->load->framed_in ? CHANNEL_BYTES : 0;
  if (length < before + PAYLOAD_BYTES) {
    step->unknown++;
    return;
  }
  struct stamp stamp;
  memcpy(&stamp, bytes + before + RTP_BYTES, sizeof stamp);
  if (stamp.step != step->id) {
    step->unknown++;
    return;
  }
  if (stamp.flow != told->flow) step->misrouted++;
  uint64_t at_ms = (told->at_ns - step->start_ns) / 1000000;
  if (told->at_ns >= step->start_ns && at_ms < STEP_MS_MAX) step->arrivals[at_ms]++;
  if (stamp.sent_ns < step->from_ns || stamp.sent_ns >= step->to_ns) return;
  step->arrived++;
  uint64_t latency_ns = told->at_ns > stamp.sent_ns ? told->at_ns - stamp.sent_ns : 0;
  step->latency[bucket_of(latency_ns)]++;
  if (latency_ns > step->latency_max_ns) step->latency_max_ns = latency_ns;
}

static void count_piece(struct step *step, const uint8_t *bytes, size_t length, struct msghdr *message) {
  struct told told = told_of(message);
  size_t segment = told.segment > 0 ? told.segment : length;
  for (size_t at = 0; at < length; at += segment) {
    count_packet(step, bytes + at, at + segment > length ? length - at : segment, &told);
  }
}

/*
 * Reads what has come, twice a millisecond. The kernel has stamped each packet as it came, so the naps cost no precision,
 * and no relay pays for waking the reader.
 */
void *receive_step(void *argument) {
  struct step *step = argument;
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) die("calloc");
  for (int i = 0; i < AT_ONCE; i++) {
    batch->parts[i] = (struct iovec){batch->bytes[i], PIECE_BYTES_MAX};
    batch->messages[i].msg_hdr =
        (struct msghdr){.msg_iov = &batch->parts[i], .msg_iovlen = 1, .msg_control = batch->controls[i].bytes};
  }
  for (;;) {
    bool over = atomic_load(&step->over);
    for (int i = 0; i < AT_ONCE; i++) batch->messages[i].msg_hdr.msg_controllen = sizeof batch->controls[i].bytes;
    int count = recvmmsg(step->load->viewer.fd, batch->messages, AT_ONCE, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
      count_piece(step, batch->bytes[i], batch->messages[i].msg_len, &batch->messages[i].msg_hdr);
    }
    if (count == AT_ONCE) continue;
    if (over && count <= 0) break;
    nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
  }
  free(batch);
  return NULL;
}
