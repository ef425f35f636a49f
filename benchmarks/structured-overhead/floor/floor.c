/* The floor: a blocking ping-pong of 32 bytes over a Unix socket pair between two processes, in plain C.
 * Prints nanoseconds of wall clock, and of CPU of both processes, for each round trip: <wall> <cpu>. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 32 };

static double wall(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double cpu(int who) {
  struct rusage u;
  getrusage(who, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv) {
  long n = argc > 1 ? atol(argv[1]) : 1000;
  char blob[SIZE] = {0};
  int fd[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd)) return 1;
  pid_t peer = fork();
  if (peer == 0) {
    close(fd[0]);
    while (recv(fd[1], blob, SIZE, MSG_WAITALL) == SIZE)
      if (send(fd[1], blob, SIZE, MSG_NOSIGNAL) != SIZE) _exit(1);
    _exit(0);
  }
  close(fd[1]);
  double before = wall();
  for (long i = 0; i < n; i++)
    if (send(fd[0], blob, SIZE, MSG_NOSIGNAL) != SIZE || recv(fd[0], blob, SIZE, MSG_WAITALL) != SIZE) return 1;
  double after = wall();
  close(fd[0]);
  waitpid(peer, 0, 0);
  printf("%.0f %.0f\n", (after - before) / n, (cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN)) / n);
  return 0;
}
