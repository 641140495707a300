/* Latches both sides of every flow with ICE checks that were made elsewhere. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_BYTES_MAX = 512, CHECKS_AT_ONCE = 64, ROUNDS_MAX = 50 };
/* How long the relay gets for some checks, and for the last of a round. */
enum { WAIT_MS = 2, LAST_WAIT_MS = 200, EVERY_MS = 10000 };

struct check {
  uint16_t length;
  uint8_t bytes[CHECK_BYTES_MAX];
};

/* The checks of flow k: the camera's at 2k, the viewer's at 2k + 1. */
static struct check *checks;

static void read_checks(const char *path, uint32_t count) {
  checks = calloc(count, sizeof *checks);
  FILE *file = fopen(path, "rb");
  if (checks == NULL || file == NULL) die(path);
  for (uint32_t i = 0; i < count; i++) {
    uint8_t length[2];
    if (fread(length, 1, 2, file) != 2) die("the file of checks is too short");
    checks[i].length = (uint16_t)(length[0] << 8 | length[1]);
    if (checks[i].length > CHECK_BYTES_MAX) die("a check is too long");
    if (fread(checks[i].bytes, 1, checks[i].length, file) != checks[i].length) die("a check is cut off");
  }
  fclose(file);
}

/* Counts the checks that arrive within `wait_ms` on the other side of the flow that they were sent for; at most `missing`. */
static uint32_t collect(const struct side *side, const struct check *sent, uint32_t flows, bool *seen, uint32_t missing,
                        int wait_ms) {
  uint8_t bytes[65536];
  uint32_t flow, count = 0;
  uint64_t end_ns = now_ns() + (uint64_t)wait_ms * 1000000;
  while (count < missing) {
    ssize_t length = receive_datagram(side, bytes, sizeof bytes, &flow, ms_until(end_ns));
    if (length < 0) break;
    if (flow >= flows || seen[flow]) continue;
    const struct check *check = &sent[2 * flow];
    if (length < check->length || memcmp(bytes, check->bytes, check->length) != 0) continue;
    seen[flow] = true;
    count++;
  }
  return count;
}

/* A check that arrives proves that its sender and its receiver are both latched, each with the right address. */
static void exchange_checks(struct load *load) {
  bool *at_viewer = calloc(load->flows, 1), *at_camera = calloc(load->flows, 1);
  if (at_viewer == NULL || at_camera == NULL) die("calloc");
  uint32_t viewers_miss = load->flows, cameras_miss = load->flows;
  for (int round = 0; viewers_miss + cameras_miss > 0; round++) {
    if (round == ROUNDS_MAX) {
      fprintf(stderr, "%u checks were not forwarded\n", viewers_miss + cameras_miss);
      exit(1);
    }
    for (uint32_t flow = 0; flow < load->flows; flow++) {
      if (!at_viewer[flow] || !at_camera[flow]) {
        const struct check *check = &checks[2 * flow];
        send_datagram(&load->camera, flow, load->relay, check[0].bytes, check[0].length);
        send_datagram(&load->viewer, flow, load->relay, check[1].bytes, check[1].length);
      }
      if (flow % CHECKS_AT_ONCE != CHECKS_AT_ONCE - 1 && flow != load->flows - 1) continue;
      int wait_ms = flow == load->flows - 1 ? LAST_WAIT_MS : WAIT_MS;
      viewers_miss -= collect(&load->viewer, checks, load->flows, at_viewer, viewers_miss, wait_ms);
      cameras_miss -= collect(&load->camera, checks + 1, load->flows, at_camera, cameras_miss, wait_ms);
    }
  }
  free(at_viewer);
  free(at_camera);
}

void latch(struct load *load, const char *file) {
  read_checks(file, 2 * load->flows);
  exchange_checks(load);
  load->touch = exchange_checks;
  load->touch_every_ns = EVERY_MS * 1000000ull;
}
