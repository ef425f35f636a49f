/* The floor: a blocking ping-pong over a Unix stream socket in plain C, with the messages of src/peer/message.ts.
 *
 *   floor server <socket path> <message size>     a thread for each connection
 *   floor client <socket path> <message size>
 *
 * Orders come on stdin and answers leave on stdout, as src/peer/control.ts describes. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ECHO, PUSH, PUSH_ACK, FETCH, VERIFY, WRONG };
enum { LAST = 0x80, KIND_AT = 4, SIZE_AT = 8, HEADER = 16, TAIL = 4, NOTE = 64 };
enum { FILE_SIZE = 1000000, CHUNK = 32768, CHUNKS = (FILE_SIZE + CHUNK - 1) / CHUNK };
/* A file on the wire: header, then for each chunk its size and hash, then the chunks, then the tail. */
enum { ENTRY = 12, FILE_MESSAGE = HEADER + CHUNKS * ENTRY + FILE_SIZE + TAIL };
enum { SPARE = 256 * 1024 };

static _Noreturn void fail(const char *what) {
  printf("{\"error\":\"%s: %s\"}\n", what, strerror(errno));
  fflush(stdout);
  exit(1);
}

static void *room(size_t size) {
  void *memory = malloc(size);
  if (!memory) fail("malloc");
  return memory;
}

static double now_us(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static void put32(uint8_t *at, uint32_t value) { memcpy(at, &value, sizeof value); }

static uint8_t *pattern(size_t size) {
  uint8_t *bytes = room(size);
  uint32_t state = 0x9e3779b9;
  for (size_t i = 0; i < size; i++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    bytes[i] = (uint8_t)state;
  }
  return bytes;
}

static uint64_t hash(const uint8_t *bytes, size_t size) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++) h = (h ^ bytes[i]) * 0x100000001b3u;
  return h;
}

static void stamp(uint8_t *message, uint32_t size, uint32_t sequence, uint8_t kind) {
  put32(message, sequence);
  message[KIND_AT] = kind;
  put32(message + SIZE_AT, size);
  put32(message + size - TAIL, sequence);
}

static int whole(const uint8_t *message, size_t size) {
  return get32(message + SIZE_AT) == size && get32(message + size - TAIL) == get32(message);
}

static int inside_whole(const uint8_t *message, const uint8_t *expected, size_t size) {
  return memcmp(message + HEADER, expected + HEADER, size - HEADER - TAIL) == 0;
}

/* ---- connections ---- */

struct connection {
  int fd;
  uint8_t *bytes;
  size_t capacity, start, end;
};

static void open_connection(struct connection *c, int fd, size_t size) {
  c->fd = fd;
  c->capacity = (size > FILE_MESSAGE ? size : FILE_MESSAGE) + SPARE;
  c->bytes = room(c->capacity);
  c->start = c->end = 0;
}

static void close_connection(struct connection *c) {
  close(c->fd);
  free(c->bytes);
}

/* The next whole message, valid until the next call; NULL when the peer is gone. */
static uint8_t *receive(struct connection *c, size_t *size) {
  for (;;) {
    size_t have = c->end - c->start;
    uint8_t *message = c->bytes + c->start;
    if (have >= HEADER && have >= get32(message + SIZE_AT)) {
      *size = get32(message + SIZE_AT);
      c->start += *size;
      if (c->start == c->end) c->start = c->end = 0;
      return message;
    }
    if (c->start > 0) {
      memmove(c->bytes, message, have);
      c->start = 0;
      c->end = have;
    }
    ssize_t n = recv(c->fd, c->bytes + c->end, c->capacity - c->end, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return NULL;
    c->end += (size_t)n;
  }
}

static int transmit(struct connection *c, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = send(c->fd, bytes, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    bytes += n;
    size -= (size_t)n;
  }
  return 0;
}

/* ---- the file ---- */

static uint8_t *file_bytes;
static uint64_t file_hashes[CHUNKS];

static size_t chunk_size(int i) { return i == CHUNKS - 1 ? FILE_SIZE - (size_t)i * CHUNK : CHUNK; }

static void load_file(void) {
  file_bytes = pattern(FILE_SIZE);
  for (int i = 0; i < CHUNKS; i++) file_hashes[i] = hash(file_bytes + (size_t)i * CHUNK, chunk_size(i));
}

static void build_file(uint8_t *message, uint32_t sequence) {
  uint8_t *entry = message + HEADER;
  uint8_t *data = entry + CHUNKS * ENTRY;
  for (int i = 0; i < CHUNKS; i++) {
    put32(entry, (uint32_t)chunk_size(i));
    memcpy(entry + 4, &file_hashes[i], 8);
    memcpy(data, file_bytes + (size_t)i * CHUNK, chunk_size(i));
    entry += ENTRY;
    data += chunk_size(i);
  }
  stamp(message, FILE_MESSAGE, sequence, FETCH);
}

/* Every chunk's size and both its ends; with `thorough`, its hash. */
static int file_whole(const uint8_t *message, size_t size, int thorough) {
  static volatile unsigned ends;
  const uint8_t *entry = message + HEADER;
  const uint8_t *data = entry + CHUNKS * ENTRY;
  if (size != FILE_MESSAGE || !whole(message, size)) return 0;
  for (int i = 0; i < CHUNKS; i++) {
    uint32_t length = get32(entry);
    uint64_t told;
    memcpy(&told, entry + 4, 8);
    if (length != chunk_size(i)) return 0;
    ends += data[0] + data[length - 1];
    if (thorough && (told != file_hashes[i] || hash(data, length) != told)) return 0;
    entry += ENTRY;
    data += length;
  }
  return 1;
}

/* ---- usage ---- */

static double cpu_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void tell_usage(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("{\"ok\":{\"cpuUs\":%.0f,\"peakBytes\":%ld,\"sharedBytes\":0}}\n", cpu_us(), u.ru_maxrss * 1024L);
}

/* ---- server ---- */

static size_t message_size;

static void *serve(void *argument) {
  struct connection c;
  open_connection(&c, (int)(intptr_t)argument, message_size);
  uint8_t *expected = pattern(message_size);
  uint8_t *answer = pattern(message_size);
  uint8_t *note = pattern(NOTE);
  uint8_t *file = room(FILE_MESSAGE);
  uint32_t last_pushed = 0;
  int wrong = 0;
  int gone = 0;
  size_t size;
  for (uint8_t *message; !gone && (message = receive(&c, &size));) {
    uint8_t kind = message[KIND_AT] & (uint8_t)~LAST;
    uint32_t sequence = get32(message);
    int right = whole(message, size);
    if (kind == FETCH) {
      build_file(file, sequence);
      gone = transmit(&c, file, FILE_MESSAGE);
    } else if (kind == PUSH || kind == PUSH_ACK) {
      if (!right || (sequence != last_pushed + 1 && sequence != 1)) wrong = 1;
      last_pushed = sequence;
      if (kind == PUSH) continue;
      stamp(note, NOTE, sequence, wrong ? WRONG : PUSH_ACK);
      wrong = 0;
      gone = transmit(&c, note, NOTE);
    } else {
      if (kind == VERIFY && !inside_whole(message, expected, size)) right = 0;
      stamp(answer, (uint32_t)message_size, sequence, right ? kind : WRONG);
      gone = transmit(&c, answer, message_size);
    }
  }
  close_connection(&c);
  free(expected);
  free(answer);
  free(note);
  free(file);
  return NULL;
}

static struct sockaddr_un address(const char *path) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof a.sun_path) {
    errno = ENAMETOOLONG;
    fail(path);
  }
  strcpy(a.sun_path, path);
  return a;
}

static void *accept_all(void *argument) {
  int listener = (int)(intptr_t)argument;
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) fail("accept");
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd)) fail("pthread_create");
    pthread_detach(thread);
  }
}

static void be_server(const char *path) {
  struct sockaddr_un a = address(path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 128)) fail("listen");
  load_file();
  pthread_t thread;
  if (pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener)) fail("pthread_create");
}

/* ---- client ---- */

static struct connection client;
static const char *server_path;
static uint8_t *request, *expected_answer;
static uint32_t last_sequence;

static int connect_server(void) {
  struct sockaddr_un a = address(server_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a)) fail("connect");
  return fd;
}

static void be_client(void) {
  load_file();
  open_connection(&client, connect_server(), message_size);
  request = pattern(message_size);
  expected_answer = pattern(message_size);
}

static uint8_t *reply(struct connection *c, size_t *size) {
  uint8_t *message = receive(c, size);
  if (!message) fail("the server is gone");
  return message;
}

static void wrong_if(int condition, const char *what) {
  if (!condition) return;
  errno = EBADMSG;
  fail(what);
}

static void trip(struct connection *c, uint8_t kind) {
  size_t size;
  stamp(request, (uint32_t)message_size, ++last_sequence, kind);
  if (transmit(c, request, message_size)) fail("send");
  uint8_t *answer = reply(c, &size);
  wrong_if(size != message_size || !whole(answer, size) || get32(answer) != last_sequence || answer[KIND_AT] != kind,
           "a round trip did not bring back what was sent");
  if (kind == VERIFY) wrong_if(!inside_whole(answer, expected_answer, size), "an answer arrived changed");
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *times, long count) {
  qsort(times, (size_t)count, sizeof *times, ascending);
  return count % 2 ? times[count / 2] : (times[count / 2 - 1] + times[count / 2]) / 2;
}

static double trips(long count) {
  double *times = room((size_t)count * sizeof *times);
  for (long i = 0; i < count; i++) {
    double started = now_us(CLOCK_MONOTONIC);
    trip(&client, ECHO);
    times[i] = now_us(CLOCK_MONOTONIC) - started;
  }
  double us = median(times, count);
  free(times);
  return us;
}

static double push(long count) {
  double started = now_us(CLOCK_MONOTONIC);
  for (long i = 1; i <= count; i++) {
    stamp(request, (uint32_t)message_size, (uint32_t)i, i == count ? PUSH_ACK : PUSH);
    if (transmit(&client, request, message_size)) fail("send");
  }
  size_t size;
  uint8_t *note = reply(&client, &size);
  wrong_if(size != NOTE || note[KIND_AT] != PUSH_ACK || get32(note) != (uint32_t)count, "messages arrived changed");
  return now_us(CLOCK_MONOTONIC) - started;
}

static double fetch(long count) {
  double *times = room((size_t)count * sizeof *times);
  uint8_t note[NOTE] = {0};
  for (long i = 0; i < count; i++) {
    size_t size;
    double started = now_us(CLOCK_MONOTONIC);
    stamp(note, NOTE, (uint32_t)i, FETCH);
    if (transmit(&client, note, NOTE)) fail("send");
    uint8_t *message = reply(&client, &size);
    wrong_if(!file_whole(message, size, 0), "the file arrived changed");
    times[i] = now_us(CLOCK_MONOTONIC) - started;
    if (i == count - 1) wrong_if(!file_whole(message, size, 1), "the file arrived changed");
  }
  double us = median(times, count);
  free(times);
  return us;
}

static double opens(long count) {
  double *times = room((size_t)count * sizeof *times);
  for (long i = 0; i < count; i++) {
    struct connection c;
    double started = now_us(CLOCK_MONOTONIC);
    open_connection(&c, connect_server(), message_size);
    trip(&c, ECHO);
    times[i] = now_us(CLOCK_MONOTONIC) - started;
    close_connection(&c);
  }
  double us = median(times, count);
  free(times);
  return us;
}

/* Begins at once, as Driver.run() does, and counts what ends within the span, and the trip that ends behind it. */
static long run(double from_ms, double until_ms) {
  long count = 0;
  double now_ms;
  do {
    trip(&client, ECHO);
    now_ms = now_us(CLOCK_REALTIME) / 1e3;
    if (now_ms >= from_ms) count++;
  } while (now_ms < until_ms);
  return count;
}

/* ---- orders ---- */

static void obey(const char *order) {
  char word[16] = "";
  double a = 0, b = 0;
  sscanf(order, "%15s %lf %lf", word, &a, &b);
  if (!strcmp(word, "usage")) {
    tell_usage();
  } else if (!strcmp(word, "run")) {
    printf("{\"ok\":{\"trips\":%ld}}\n", run(a, b));
  } else if (!strcmp(word, "verify")) {
    trip(&client, VERIFY);
    printf("{\"ok\":{}}\n");
  } else if (!strcmp(word, "leave")) {
    printf("{\"ok\":{}}\n");
    fflush(stdout);
    exit(0);
  } else {
    double us = !strcmp(word, "trips")   ? trips((long)a)
                : !strcmp(word, "push")  ? push((long)a)
                : !strcmp(word, "fetch") ? fetch((long)a)
                : !strcmp(word, "open")  ? opens((long)a)
                                         : -1;
    if (us < 0) printf("{\"error\":\"unknown order %s\"}\n", word);
    else printf("{\"ok\":{\"us\":%.3f}}\n", us);
  }
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "floor server|client <socket path> <message size>\n");
    return 2;
  }
  server_path = argv[2];
  message_size = strtoull(argv[3], NULL, 10);
  if (!strcmp(argv[1], "server")) be_server(argv[2]);
  else be_client();
  printf("{\"hello\":\"floor\"}\n");
  fflush(stdout);
  char line[256];
  while (fgets(line, sizeof line, stdin)) obey(line);
  return 1; /* The command is gone. */
}
