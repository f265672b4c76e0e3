/* Lets a function see another time: real time, moved by the seconds in the file that CRISGUARD_TEST_CLOCK names.
   Preloaded by tests/e2e/clock.py: no test waits until the policy is read again, or for a week. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  const char *path = getenv("CRISGUARD_TEST_CLOCK");
  if (result == 0 && clock == CLOCK_REALTIME && path != NULL) {
    FILE *file = fopen(path, "r");
    long seconds = 0;
    if (file != NULL) {
      if (fscanf(file, "%ld", &seconds) == 1) now->tv_sec += seconds;
      fclose(file);
    }
  }
  return result;
}
