/* Latches both sides of every flow with ICE checks that were made elsewhere. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_BYTES_MAX = 512, CHECKS_AT_ONCE = 64, ROUNDS_MAX = 50 };
enum { EVERY_MS = 10000 };

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

/* Counts the checks that arrived on the other side of the flow that they were sent for. */
static uint32_t collect(const struct side *side, const struct check *sent, uint32_t flows, bool *seen, int wait_ms) {
  uint8_t bytes[65536];
  uint32_t flow, count = 0;
  for (ssize_t length; (length = receive_datagram(side, bytes, sizeof bytes, &flow, wait_ms)) >= 0; wait_ms = 0) {
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
  uint32_t missing = 2 * load->flows;
  for (int round = 0; missing > 0; round++) {
    if (round == ROUNDS_MAX) die("some checks were not forwarded");
    for (uint32_t flow = 0; flow < load->flows; flow++) {
      if (!at_viewer[flow] || !at_camera[flow]) {
        const struct check *check = &checks[2 * flow];
        send_datagram(&load->camera, flow, load->relay, check[0].bytes, check[0].length);
        send_datagram(&load->viewer, flow, load->relay, check[1].bytes, check[1].length);
      }
      if (flow % CHECKS_AT_ONCE != CHECKS_AT_ONCE - 1 && flow != load->flows - 1) continue;
      missing -= collect(&load->viewer, checks, load->flows, at_viewer, 5);
      missing -= collect(&load->camera, checks + 1, load->flows, at_camera, 5);
    }
    if (missing == 0) break;
    missing -= collect(&load->viewer, checks, load->flows, at_viewer, 200);
    missing -= collect(&load->camera, checks + 1, load->flows, at_camera, 200);
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
