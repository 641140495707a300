/* As much of a TURN client (RFC 8656) as puts every flow onto a channel. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALLOCATE = 0x003, CHANNEL_BIND = 0x009, SUCCESS = 0x100, ERROR = 0x110 };
enum { CHANNEL_NUMBER = 0x000c, LIFETIME = 0x000d, XOR_PEER = 0x0012, XOR_RELAYED = 0x0016, TRANSPORT = 0x0019 };
enum { COOKIE = 0x2112a442, CHANNEL = 0x4000, LIFETIME_SECONDS = 3600 };
enum { HEADER_BYTES = 20, MESSAGE_BYTES_MAX = 256, AT_ONCE = 32, ROUNDS_MAX = 50, EVERY_MS = 60000 };

static struct sockaddr_in *camera_allocations, *viewer_allocations;

static void put16(uint8_t *at, uint32_t value) {
  uint16_t bytes = htons((uint16_t)value);
  memcpy(at, &bytes, sizeof bytes);
}

static void put32(uint8_t *at, uint32_t value) {
  uint32_t bytes = htonl(value);
  memcpy(at, &bytes, sizeof bytes);
}

static uint32_t get16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }

static uint32_t get32(const uint8_t *at) { return get16(at) << 16 | get16(at + 2); }

/* Adds an attribute of 4 or 8 bytes. */
static size_t add(uint8_t *message, size_t length, uint32_t type, uint32_t bytes, uint32_t first, uint32_t second) {
  put16(message + length, type);
  put16(message + length + 2, bytes);
  put32(message + length + 4, first);
  if (bytes == 8) put32(message + length + 8, second);
  length += 4 + bytes;
  put16(message + 2, (uint32_t)length - HEADER_BYTES);
  return length;
}

static size_t request(uint8_t *message, uint32_t method, uint32_t flow, const struct sockaddr_in *peer) {
  memset(message, 0, HEADER_BYTES);
  put16(message, method);
  put32(message + 4, COOKIE);
  put32(message + 8, method);
  put32(message + 12, (uint32_t)now_ns());
  put32(message + 16, flow);
  if (method == ALLOCATE) {
    size_t length = add(message, HEADER_BYTES, TRANSPORT, 4, (uint32_t)IPPROTO_UDP << 24, 0);
    return add(message, length, LIFETIME, 4, LIFETIME_SECONDS, 0);
  }
  size_t length = add(message, HEADER_BYTES, CHANNEL_NUMBER, 4, (uint32_t)CHANNEL << 16, 0);
  uint32_t family_and_port = 1u << 16 | (ntohs(peer->sin_port) ^ (COOKIE >> 16));
  return add(message, length, XOR_PEER, 8, family_and_port, ntohl(peer->sin_addr.s_addr) ^ COOKIE);
}

static struct sockaddr_in relayed_of(const uint8_t *message, size_t length) {
  for (size_t at = HEADER_BYTES; at + 12 <= length; at += 4 + ((get16(message + at + 2) + 3) & ~3u)) {
    if (get16(message + at) != XOR_RELAYED) continue;
    uint32_t port = get16(message + at + 6) ^ (COOKIE >> 16);
    return address_of(get32(message + at + 8) ^ COOKIE, (uint16_t)port);
  }
  fprintf(stderr, "an allocation without an address\n");
  exit(1);
}

/* Takes `missing` answers, or those that come within `wait_ms`. Writes what was allocated, when that was the question. */
static uint32_t collect(const struct side *side, uint32_t flows, uint32_t method, struct sockaddr_in *allocated,
                        bool *done, uint32_t missing, int wait_ms) {
  uint8_t bytes[65536];
  uint32_t flow, count = 0;
  uint64_t end_ns = now_ns() + (uint64_t)wait_ms * 1000000;
  while (count < missing) {
    ssize_t length = receive_datagram(side, bytes, sizeof bytes, &flow, ms_until(end_ns));
    if (length < 0) break;
    if (length < HEADER_BYTES || flow >= flows || done[flow] || get32(bytes + 4) != COOKIE) continue;
    uint32_t type = get16(bytes);
    if (type == (method | ERROR)) {
      uint32_t code = length >= HEADER_BYTES + 8 ? (bytes[HEADER_BYTES + 6] & 7) * 100u + bytes[HEADER_BYTES + 7] : 0;
      fprintf(stderr, "TURN method %u was refused with %u\n", method, code);
      exit(1);
    }
    if (type != (method | SUCCESS)) continue;
    if (method == ALLOCATE) allocated[flow] = relayed_of(bytes, (size_t)length);
    done[flow] = true;
    count++;
  }
  return count;
}

/* Asks for every flow of a side, until all are answered. */
static void ask(const struct load *load, const struct side *side, uint32_t method, struct sockaddr_in *allocated,
                const struct sockaddr_in *peers) {
  bool *done = calloc(load->flows, 1);
  uint8_t(*messages)[MESSAGE_BYTES_MAX] = calloc(load->flows, MESSAGE_BYTES_MAX);
  size_t *lengths = calloc(load->flows, sizeof *lengths);
  if (done == NULL || messages == NULL || lengths == NULL) die("calloc");
  for (uint32_t flow = 0; flow < load->flows; flow++) {
    lengths[flow] = request(messages[flow], method, flow, peers == NULL ? NULL : &peers[flow]);
  }
  uint32_t missing = load->flows;
  for (int round = 0; missing > 0; round++) {
    if (round == ROUNDS_MAX) {
      fprintf(stderr, "the TURN server leaves %u of %u requests of method %u unanswered\n", missing, load->flows, method);
      exit(1);
    }
    for (uint32_t flow = 0; flow < load->flows; flow++) {
      if (!done[flow]) send_datagram(side, flow, load->relay, messages[flow], lengths[flow]);
      if (flow % AT_ONCE == AT_ONCE - 1) missing -= collect(side, load->flows, method, allocated, done, missing, 5);
    }
    missing -= collect(side, load->flows, method, allocated, done, missing, 100);
  }
  free(done);
  free(messages);
  free(lengths);
}

static struct sockaddr_in *allocate(const struct load *load, const struct side *side) {
  struct sockaddr_in *allocated = calloc(load->flows, sizeof *allocated);
  if (allocated == NULL) die("calloc");
  ask(load, side, ALLOCATE, allocated, NULL);
  return allocated;
}

/* The addresses of a side as its peers know them: allocated, or its own. */
static struct sockaddr_in *seen(const struct load *load, const struct side *side, struct sockaddr_in *allocated) {
  if (allocated != NULL) return allocated;
  struct sockaddr_in *own = calloc(load->flows, sizeof *own);
  if (own == NULL) die("calloc");
  for (uint32_t flow = 0; flow < load->flows; flow++) own[flow] = address_of(side->net | flow, side->port);
  return own;
}

/* A channel is a permission as well; binding it again renews both. */
static void bind_channels(struct load *load) {
  struct sockaddr_in *cameras = seen(load, &load->camera, camera_allocations);
  struct sockaddr_in *viewers = seen(load, &load->viewer, viewer_allocations);
  if (camera_allocations != NULL) ask(load, &load->camera, CHANNEL_BIND, NULL, viewers);
  if (viewer_allocations != NULL) ask(load, &load->viewer, CHANNEL_BIND, NULL, cameras);
  if (camera_allocations == NULL) free(cameras);
  if (viewer_allocations == NULL) free(viewers);
}

void turn(struct load *load, unsigned sides) {
  if (sides & TURN_CAMERA) camera_allocations = allocate(load, &load->camera);
  if (sides & TURN_VIEWER) viewer_allocations = allocate(load, &load->viewer);
  bind_channels(load);
  load->framed_out = camera_allocations != NULL;
  load->framed_in = viewer_allocations != NULL;
  if (camera_allocations == NULL) memcpy(load->targets, viewer_allocations, load->flows * sizeof *load->targets);
  load->touch = bind_channels;
  load->touch_every_ns = EVERY_MS * 1000000ull;
}
