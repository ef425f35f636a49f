/* The floor: connect to a Unix socket, one blocking round trip of 32 bytes, close; in plain C, between two processes.
 * Prints nanoseconds, one line for each time. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 32 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 10;
  char blob[SIZE] = {0};
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  /* In the abstract namespace: nothing is left behind. */
  int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "flow-ipc-floor-%d", (int)getpid());
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + length;
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&name, size) || listen(listener, 16)) return 1;
  pid_t peer = fork();
  if (peer == 0) {
    for (int i = 0; i < n; i++) {
      int fd = accept(listener, 0, 0);
      if (recv(fd, blob, SIZE, MSG_WAITALL) != SIZE || send(fd, blob, SIZE, MSG_NOSIGNAL) != SIZE) _exit(1);
      close(fd);
    }
    _exit(0);
  }
  for (int i = 0; i < n; i++) {
    double before = now();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&name, size)) return 1;
    if (send(fd, blob, SIZE, MSG_NOSIGNAL) != SIZE || recv(fd, blob, SIZE, MSG_WAITALL) != SIZE) return 1;
    double after = now();
    close(fd);
    printf("%.0f\n", after - before);
  }
  waitpid(peer, 0, 0);
  return 0;
}
