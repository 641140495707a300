#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { AT_ONCE = 64, RTP_BYTES = 12, PAYLOAD_TYPE = 96 };
/* A sender this late gives its schedule up: what it missed is not offered, rather than offered all at once. */
enum { LATE_NS_MAX = 5000000 };

union control {
  char bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
  struct cmsghdr align;
};

/* Everything for one call of the kernel: single packets of several flows, or bursts of one flow each. */
struct batch {
  struct mmsghdr messages[AT_ONCE];
  struct iovec parts[AT_ONCE];
  union control controls[AT_ONCE];
  uint8_t bytes[AT_ONCE][BURST_MAX * (CHANNEL_BYTES + PAYLOAD_BYTES)];
};

static struct cmsghdr *add_control(struct cmsghdr *at, int level, int type, const void *value, size_t bytes) {
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(bytes);
  memcpy(CMSG_DATA(at), value, bytes);
  return (struct cmsghdr *)((char *)at + CMSG_SPACE(bytes));
}

static struct batch *new_batch(const struct step *step) {
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) die("calloc");
  uint16_t packet_bytes = PAYLOAD_BYTES + (step->load->framed_out ? CHANNEL_BYTES : 0);
  uint32_t noise = 1;
  for (int i = 0; i < AT_ONCE; i++) {
    for (size_t at = 0; at < sizeof batch->bytes[i]; at++) {
      noise = noise * 1664525 + 1013904223;
      batch->bytes[i][at] = (uint8_t)(noise >> 24);
    }
    batch->parts[i] = (struct iovec){batch->bytes[i], (size_t)step->burst * packet_bytes};
    struct msghdr *message = &batch->messages[i].msg_hdr;
    *message = (struct msghdr){.msg_iov = &batch->parts[i], .msg_iovlen = 1, .msg_control = batch->controls[i].bytes};
    struct in_pktinfo source = {0};
    struct cmsghdr *first = (struct cmsghdr *)batch->controls[i].bytes;
    struct cmsghdr *end = add_control(first, IPPROTO_IP, IP_PKTINFO, &source, sizeof source);
    if (step->burst > 1) end = add_control(end, IPPROTO_UDP, UDP_SEGMENT, &packet_bytes, sizeof packet_bytes);
    message->msg_controllen = (size_t)((char *)end - batch->controls[i].bytes);
  }
  return batch;
}

static void put16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, (uint16_t)(value >> 16));
  put16(at + 2, (uint16_t)value);
}

/* An RTP packet, on a channel where there is one. */
static uint8_t *put_packet(uint8_t *at, const struct step *step, uint32_t flow, uint16_t number, uint64_t sent_ns) {
  if (step->load->framed_out) {
    put16(at, 0x4000);
    put16(at + 2, PAYLOAD_BYTES);
    at += CHANNEL_BYTES;
  }
  at[0] = 0x80;
  at[1] = PAYLOAD_TYPE;
  put16(at + 2, number);
  put32(at + 4, (uint32_t)(sent_ns / 11111));
  put32(at + 8, 0x10000000 + flow);
  struct stamp stamp = {.step = step->id, .flow = flow, .sent_ns = sent_ns};
  memcpy(at + RTP_BYTES, &stamp, sizeof stamp);
  return at + PAYLOAD_BYTES;
}

/* Makes one message of the batch, `burst` packets of one flow. */
static void fill(struct batch *batch, int index, struct step *step, uint32_t flow, uint16_t *number) {
  uint64_t sent_ns = now_ns();
  uint8_t *at = batch->bytes[index];
  for (uint32_t i = 0; i < step->burst; i++) at = put_packet(at, step, flow, (*number)++, sent_ns);
  struct in_pktinfo source = {.ipi_spec_dst.s_addr = htonl(step->load->camera.net | flow)};
  memcpy(CMSG_DATA((struct cmsghdr *)batch->controls[index].bytes), &source, sizeof source);
  struct msghdr *message = &batch->messages[index].msg_hdr;
  message->msg_name = &step->load->targets[flow];
  message->msg_namelen = sizeof step->load->targets[flow];
  if (sent_ns >= step->from_ns && sent_ns < step->to_ns) step->sent += step->burst;
}

static void flush(const struct step *step, struct batch *batch, unsigned count) {
  for (unsigned done = 0; done < count;) {
    int sent = sendmmsg(step->load->camera.fd, batch->messages + done, count - done, 0);
    if (sent > 0) done += (unsigned)sent;
    else if (errno != EINTR && errno != EAGAIN && errno != ENOBUFS) die("sendmmsg");
  }
}

static void sleep_until(uint64_t at_ns) {
  struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000u), .tv_nsec = (long)(at_ns % 1000000000u)};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
}

void *send_step(void *argument) {
  struct step *step = argument;
  prctl(PR_SET_TIMERSLACK, 1);
  struct batch *batch = new_batch(step);
  uint16_t *numbers = calloc(step->load->flows, sizeof *numbers);
  if (numbers == NULL) die("calloc");
  double interval_ns = 1e9 * step->burst / step->rate;
  /* From the start on, since the epoch is too long ago for a double's nanoseconds. */
  double due_ns = 0;
  uint32_t flow = 0;
  sleep_until(step->start_ns);
  for (uint64_t now = now_ns(); now < step->end_ns; now = now_ns()) {
    double passed_ns = (double)(now - step->start_ns);
    if (due_ns > passed_ns) {
      sleep_until(step->start_ns + (uint64_t)due_ns + 1);
      continue;
    }
    if (passed_ns - due_ns > LATE_NS_MAX) {
      due_ns = passed_ns;
      step->slides++;
    }
    unsigned count = 0;
    for (; count < AT_ONCE && due_ns <= passed_ns; count++, due_ns += interval_ns) {
      fill(batch, (int)count, step, flow, &numbers[flow]);
      flow = (flow + 1) % step->load->flows;
    }
    flush(step, batch, count);
  }
  free(numbers);
  free(batch);
  return NULL;
}
