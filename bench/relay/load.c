/*
 * The generator: cameras that send through a relay, and viewers that count what arrives. Takes FLOWS on its command line,
 * says on which ports both sides are, and then answers each line of its standard input with one line of JSON:
 *
 *   plain PORT PID             the relay knows both sides by a table
 *   latch PORT PID FILE        the relay latches both sides by the ICE checks in FILE
 *   turn-one PORT PID          a TURN server; the camera has an allocation, the viewer is its peer
 *   turn-back PORT PID         a TURN server; the viewer has an allocation, the camera is its peer
 *   turn-both PORT PID         a TURN server; both have allocations
 *   touch                      tells the relay that both sides are still there, if it is time to
 *   step RATE BURST WARM_MS MS offers RATE packets/s for WARM_MS and then for MS, and says what came of the latter
 */
#define _GNU_SOURCE
#include "load.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 4096, DRAIN_MS = 120, SAMPLE_NS_MAX = 20000, SAMPLES_MAX = 20 };

/* How much CPU time a process had used up at a time, and how long its threads had waited for a core, in nanoseconds. */
struct sample {
  uint64_t at_ns, cpu_ns, waited_ns;
};

/* The second number of each thread's schedstat. It says whether something else ran on the relay's core. */
static uint64_t waited_ns(pid_t pid) {
  char path[64], thread_path[512];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *threads = opendir(path);
  if (threads == NULL) die("the relay has ended");
  uint64_t sum = 0;
  for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
    snprintf(thread_path, sizeof thread_path, "%s/%s/schedstat", path, entry->d_name);
    FILE *file = entry->d_name[0] == '.' ? NULL : fopen(thread_path, "r");
    uint64_t ran, waited;
    if (file == NULL) continue;
    if (fscanf(file, "%lu %lu", &ran, &waited) == 2) sum += waited;
    fclose(file);
  }
  closedir(threads);
  return sum;
}

static uint64_t read_clock(clockid_t clock) {
  struct timespec value;
  if (clock_gettime(clock, &value) < 0) die("the relay's CPU clock");
  return (uint64_t)value.tv_sec * 1000000000u + (uint64_t)value.tv_nsec;
}

/* Takes time and CPU time together; a pause between them makes it try again. */
static struct sample sample(clockid_t clock, pid_t pid) {
  struct sample result = {.waited_ns = waited_ns(pid)};
  for (int i = 0; i < SAMPLES_MAX; i++) {
    result.at_ns = now_ns();
    result.cpu_ns = read_clock(clock);
    if (now_ns() - result.at_ns < SAMPLE_NS_MAX) break;
  }
  return result;
}

static void sleep_until(uint64_t at_ns) {
  struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000u), .tv_nsec = (long)(at_ns % 1000000000u)};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
}

/* How many packets came between two times; a millisecond that is cut counts by its share. */
static double arrivals_between(const struct step *step, uint64_t from_ns, uint64_t to_ns) {
  double count = 0;
  for (uint64_t ms = 0; ms < STEP_MS_MAX; ms++) {
    uint64_t begin = step->start_ns + ms * 1000000, end = begin + 1000000;
    if (end <= from_ns || begin >= to_ns) continue;
    uint64_t first = begin > from_ns ? begin : from_ns, last = end < to_ns ? end : to_ns;
    count += step->arrivals[ms] * (double)(last - first) / 1e6;
  }
  return count;
}

static void touch(struct load *load) {
  if (load->touch == NULL || now_ns() - load->touched_ns < load->touch_every_ns) return;
  load->touch(load);
  load->touched_ns = now_ns();
}

static void run_step(struct load *load, uint32_t rate, uint32_t burst, uint64_t warm_ms, uint64_t ms) {
  if (rate == 0 || burst == 0 || burst > BURST_MAX || ms == 0 || warm_ms + ms > STEP_MS_MAX - 5000) die("step");
  struct step *step = calloc(1, sizeof *step);
  if (step == NULL) die("calloc");
  step->load = load;
  step->id = ++load->steps;
  step->rate = rate;
  step->burst = burst;
  step->start_ns = now_ns() + 1000000;
  step->from_ns = step->start_ns + warm_ms * 1000000;
  step->to_ns = step->from_ns + ms * 1000000;
  step->end_ns = step->to_ns + 5000000;
  uint32_t dropped = receive_drops(&load->viewer);
  pthread_t receiver, sender;
  if (pthread_create(&receiver, NULL, receive_step, step) != 0) die("pthread_create");
  if (pthread_create(&sender, NULL, send_step, step) != 0) die("pthread_create");

  sleep_until(step->from_ns);
  struct sample from = sample(load->relay_cpu, load->relay_pid);
  struct sample own_from = sample(CLOCK_PROCESS_CPUTIME_ID, getpid());
  sleep_until(step->to_ns);
  struct sample to = sample(load->relay_cpu, load->relay_pid);
  struct sample own_to = sample(CLOCK_PROCESS_CPUTIME_ID, getpid());
  pthread_join(sender, NULL);
  sleep_until(now_ns() + DRAIN_MS * 1000000);
  atomic_store(&step->over, true);
  pthread_join(receiver, NULL);

  double seconds = (double)(to.at_ns - from.at_ns) / 1e9, arrivals = arrivals_between(step, from.at_ns, to.at_ns);
  uint64_t lost = step->sent > step->arrived ? step->sent - step->arrived : 0;
  printf("{\"rate\":%u,\"burst\":%u,\"seconds\":%.4f,\"offered\":%.0f,\"sent\":%lu,\"lost\":%lu,\"arrivals\":%.1f,"
         "\"cpuNs\":%lu,\"waitedNs\":%lu,\"p50Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f,\"misrouted\":%lu,\"unknown\":%lu,"
         "\"receiverDrops\":%u,\"slides\":%lu,\"generatorCpu\":%.3f}\n",
         rate, burst, seconds, (double)step->sent / ((double)ms / 1000), step->sent, lost, arrivals,
         to.cpu_ns - from.cpu_ns, to.waited_ns - from.waited_ns, latency_us(step, 0.5), latency_us(step, 0.99), (double)step->latency_max_ns / 1000,
         step->misrouted, step->unknown, receive_drops(&load->viewer) - dropped, step->slides,
         (double)(own_to.cpu_ns - own_from.cpu_ns) / (double)(own_to.at_ns - own_from.at_ns));
  fflush(stdout);
  free(step);
}

static void set_relay(struct load *load, uint16_t port, pid_t pid) {
  load->relay = address_of(INADDR_LOOPBACK, port);
  for (uint32_t flow = 0; flow < load->flows; flow++) load->targets[flow] = load->relay;
  load->relay_pid = pid;
  if (clock_getcpuclockid(pid, &load->relay_cpu) != 0) die("clock_getcpuclockid");
}

static void say_ready(void) {
  printf("{\"ready\":true}\n");
  fflush(stdout);
}

static void obey(struct load *load, const char *line) {
  static char file[LINE_BYTES_MAX];
  char verb[16] = "";
  unsigned port, rate, burst, warm_ms, ms;
  int pid;
  if (sscanf(line, "step %u %u %u %u", &rate, &burst, &warm_ms, &ms) == 4) {
    run_step(load, rate, burst, warm_ms, ms);
    return;
  }
  if (strcmp(line, "touch\n") == 0) {
    touch(load);
    say_ready();
    return;
  }
  if (sscanf(line, "%15s %u %d %4095[^\n]", verb, &port, &pid, file) < 3) die(line);
  set_relay(load, (uint16_t)port, pid);
  if (strcmp(verb, "latch") == 0) latch(load, file);
  else if (strcmp(verb, "turn-one") == 0) turn(load, TURN_CAMERA);
  else if (strcmp(verb, "turn-back") == 0) turn(load, TURN_VIEWER);
  else if (strcmp(verb, "turn-both") == 0) turn(load, TURN_CAMERA | TURN_VIEWER);
  else if (strcmp(verb, "plain") != 0) die(line);
  load->touched_ns = now_ns();
  say_ready();
}

static void open_side(struct side *side, uint32_t net) {
  side->net = net;
  side->fd = open_udp(INADDR_ANY, &side->port);
  set_option(side->fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FLOWS\n", argv[0]);
    return 2;
  }
  struct load load = {.flows = (uint32_t)atoi(argv[1])};
  if (load.flows == 0 || load.flows > FLOWS_MAX) load.flows = FLOWS_MAX;
  load.targets = calloc(load.flows, sizeof *load.targets);
  if (load.targets == NULL) die("calloc");
  open_side(&load.camera, CAMERA_NET);
  open_side(&load.viewer, VIEWER_NET);
  set_option(load.viewer.fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
  set_option(load.viewer.fd, IPPROTO_UDP, UDP_GRO, 1, "UDP_GRO");
  printf("{\"cameraPort\":%u,\"viewerPort\":%u}\n", load.camera.port, load.viewer.port);
  fflush(stdout);

  char line[LINE_BYTES_MAX];
  while (fgets(line, sizeof line, stdin) != NULL) obey(&load, line);
  return 0;
}
