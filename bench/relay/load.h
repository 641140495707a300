#ifndef LATCHKEY_BENCH_LOAD_H
#define LATCHKEY_BENCH_LOAD_H

#include "udp.h"

#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

enum { PAYLOAD_BYTES = 1200, CHANNEL_BYTES = 4, BURST_MAX = 10 };
enum { LATENCY_BUCKETS = 4096, STEP_MS_MAX = 60000 };

/* All cameras, or all viewers: one socket on every loopback address, each flow with an address of its own. */
struct side {
  int fd;
  uint16_t port;
  uint32_t net;
};

struct load {
  uint32_t flows;
  struct side camera, viewer;
  struct sockaddr_in relay;
  pid_t relay_pid;
  clockid_t relay_cpu;
  /* Where each flow's camera sends. */
  struct sockaddr_in *targets;
  /* Whether the camera sends ChannelData, and whether the viewer gets it. */
  bool framed_out, framed_in;
  /* Tells the relay that both sides of every flow are still there. */
  void (*touch)(struct load *load);
  uint64_t touch_every_ns, touched_ns;
  uint32_t steps;
};

/* What the sender writes behind each RTP header. */
struct stamp {
  uint32_t step, flow;
  uint64_t sent_ns;
};

/* One offer of load. Times are in nanoseconds since the epoch. */
struct step {
  const struct load *load;
  uint32_t id, rate, burst;
  uint64_t start_ns, from_ns, to_ns, end_ns;
  atomic_bool over;

  /* The sender's: packets within the window, and how often the schedule was given up because the sender came too late. */
  uint64_t sent, slides;

  /* The receiver's: packets that were sent within the window, and all packets by the millisecond in which they came. */
  uint64_t arrived, misrouted, unknown;
  uint32_t arrivals[STEP_MS_MAX];
  uint64_t latency[LATENCY_BUCKETS], latency_max_ns;
};

/* exchange.c: one datagram, outside of any step. */
void send_datagram(const struct side *side, uint32_t flow, struct sockaddr_in to, const void *bytes, size_t length);
/* The next datagram for `side` within `wait_ms`: its length, or -1. `flow` is whose address it was sent to. */
ssize_t receive_datagram(const struct side *side, void *bytes, size_t size, uint32_t *flow, int wait_ms);
int ms_until(uint64_t at_ns);

/* latch.c and turn.c: what has to be agreed with a relay before it carries anything. */
void latch(struct load *load, const char *file);
enum turn_sides { TURN_CAMERA = 1, TURN_VIEWER = 2 };
void turn(struct load *load, unsigned sides);

/* send.c and receive.c: the two threads of a step. */
void *send_step(void *step);
void *receive_step(void *step);
double latency_us(const struct step *step, double fraction);
uint32_t receive_drops(const struct side *side);

#endif
